import { FileMissing, type FileStore } from '../../store/files/file-store';

/** A store that has nothing and takes nothing. */
export const noFiles: FileStore = {
  put: () => Promise.reject(new Error('There is no file store here.')),
  open: () => Promise.reject(new FileMissing()),
  delete: () => Promise.resolve(),
  removeUnfinished: () => Promise.resolve(),
};
