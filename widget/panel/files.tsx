/** Files: chosen, dropped, pasted or photographed; checked at once, and listed until they are sent. */
import { useRef, useState } from 'preact/hooks';
import type { ChosenFile } from '../chat';
import { newId } from '../conversation';
import { fileProblem, shownSize } from '../file-checks';
import { focusMessage, usePanel, type PanelContext } from './context';
import { Icon } from './icon';

export interface FileChoice {
  files: readonly ChosenFile[];
  /** What was wrong with those chosen last. */
  problems: readonly string[];
  add: (files: Iterable<File>) => void;
  remove: (file: ChosenFile) => void;
  /** Says no more what was wrong: they are sent. */
  settle: () => void;
}

export function useFileChoice(panel: PanelContext): FileChoice {
  const { host, conversation, say } = panel;
  const [problems, setProblems] = useState<readonly string[]>([]);
  const { limits } = host.config;
  const add = (chosen: Iterable<File>) => {
    const found: string[] = [];
    for (const file of chosen) {
      const problem = problemOf(panel, file);
      if (problem) found.push(problem);
      else if (conversation.draft.files.length >= limits.max_files)
        found.push(say('files_too_many', { limit: limits.max_files }));
      else conversation.addFile({ id: newId(), name: file.name, size: file.size, type: file.type }, file);
    }
    setProblems([...new Set(found)]);
  };
  const remove = (file: ChosenFile) => {
    conversation.removeFile(file);
    setProblems([]);
  };
  return { files: conversation.draft.files, problems, add, remove, settle: () => setProblems([]) };
}

function problemOf({ host, say }: PanelContext, file: File): string | null {
  const { language, limits } = host.config;
  const problem = fileProblem(file, limits);
  return (
    problem &&
    say(problem, {
      name: file.name,
      size: shownSize(file.size, language),
      limit: shownSize(limits.max_file_bytes, language),
    })
  );
}

/** Those to be sent, and what was wrong with others. */
export function FileList({ choice }: { choice: FileChoice }) {
  const { say } = usePanel();
  return (
    <>
      {choice.files.length > 0 && (
        <ul class="files" aria-label={say('files_label')}>
          {choice.files.map((file) => (
            <li key={file.id}>
              <FileName file={file} />
              <button
                type="button"
                class="icon"
                aria-label={say('file_remove', { name: file.name })}
                onClick={(event) => {
                  focusMessage(event);
                  choice.remove(file);
                }}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div role="status">
        {choice.problems.map((problem) => (
          <p class="error" key={problem}>
            {problem}
          </p>
        ))}
      </div>
    </>
  );
}

export function FileName({ file }: { file: ChosenFile }) {
  const { host } = usePanel();
  return (
    <span class="file">
      <Icon name="file" />
      <span>
        <bdi class="file-name">{file.name}</bdi>{' '}
        <span class="file-size">{shownSize(file.size, host.config.language)}</span>
      </span>
    </span>
  );
}

/** Buttons that open the system's choice of files, and on a phone its camera. */
export function AttachButtons({ choice }: { choice: FileChoice }) {
  const { host, say } = usePanel();
  const types = host.config.limits.file_types;
  const images = types.filter((type) => type.startsWith('image/'));
  const hasCamera = images.length > 0 && matchMedia('(pointer: coarse)').matches;
  return (
    <>
      <FileButton icon="attach" label={say('attach')} accept={types} choice={choice} />
      {hasCamera && <FileButton icon="camera" label={say('camera')} accept={images} choice={choice} camera />}
    </>
  );
}

interface FileButtonProps {
  icon: 'attach' | 'camera';
  label: string;
  accept: readonly string[];
  choice: FileChoice;
  camera?: boolean;
}

function FileButton({ icon, label, accept, choice, camera = false }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="icon"
        aria-label={label}
        title={label}
        onClick={() => input.current!.click()}
      >
        <Icon name={icon} />
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple={!camera}
        accept={accept.join(',')}
        {...(camera && { capture: 'environment' as const })}
        onChange={(event) => {
          choice.add(event.currentTarget.files ?? []);
          event.currentTarget.value = ''; // so that the same file may be chosen again
        }}
      />
    </>
  );
}
