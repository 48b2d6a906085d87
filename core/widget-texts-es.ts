import type { WidgetTexts } from './widget-texts';

/** What the widget says in Spanish. */
export const SPANISH_TEXTS: WidgetTexts = {
  launcher: 'Escríbanos',
  launcher_new: 'Escríbanos. Respuestas nuevas: {count}',
  title: 'Escriba a {store}',
  intro:
    'Escríbanos aquí. La conversación sigue por mensaje de texto, así que puede cerrar esta página cuando quiera.',
  close: 'Cerrar el chat',
  loading: 'Cargando…',
  unavailable: 'El chat no está disponible',

  name_label: 'Nombre',
  phone_label: 'Número de celular',
  phone_hint: 'Le respondemos a este número por mensaje de texto.',
  phone_hint_international: 'Empiece con + y el código del país, por ejemplo +61.',
  country_label: 'País',
  country_other: 'Otro país',
  message_label: 'Mensaje',
  message_left: 'Caracteres restantes: {count}',
  optional: 'opcional',
  send: 'Enviar',

  errors_heading: 'Revise lo siguiente antes de enviar:',
  name_too_long: 'Acorte el nombre a {limit} caracteres, por favor.',
  phone_missing: 'Escriba su número de celular, por favor.',
  phone_invalid:
    'Este número de teléfono no nos sirve. Revise, por favor, si le falta o le sobra algún dígito.',
  phone_needs_country: 'Empiece el número con + y el código del país, por favor.',
  phone_extension: 'Quite la extensión, por favor. Los mensajes de texto no llegan a una extensión.',
  message_missing: 'Escriba un mensaje o adjunte un archivo, por favor.',
  message_too_long: 'Acorte el mensaje a {limit} caracteres, por favor.',

  phone_confirm: 'Le escribiremos al {phone}.',
  phone_change: 'Cambiar el número',
  phone_landline:
    '{phone} parece ser un teléfono fijo. Nuestras respuestas llegan por mensaje de texto. ¿Puede recibirlos este número?',
  phone_no_texts:
    '{phone} es un tipo de número que normalmente no recibe mensajes de texto. ¿Tiene un número de celular?',
  phone_use: 'Sí, usar este número',
  phone_use_another: 'Escribir otro número',
  phone_unchecked: 'No pudimos comprobar el número. ¿Tiene conexión? Inténtelo de nuevo, por favor.',

  attach: 'Adjuntar un archivo',
  camera: 'Tomar una foto',
  drop_here: 'Suelte los archivos aquí',
  files_label: 'Archivos adjuntos',
  file_too_large:
    '{name} pesa {size}. Un archivo puede pesar hasta {limit}. Elija uno más pequeño, por favor.',
  file_wrong_type: 'No podemos recibir archivos como {name}. Sirve una foto, un video o un PDF.',
  file_empty: '{name} está vacío. Elija otro archivo, por favor.',
  files_too_many: 'Puede adjuntar hasta {limit} archivos. Quite uno primero, por favor.',
  file_progress: 'Subiendo {name}: {percent} %',
  file_failed: 'No se pudo subir {name}.',
  file_cancel: 'Cancelar la subida de {name}',
  file_retry: 'Volver a subir {name}',
  file_remove: 'Quitar {name}',
  file_lost: '{name} ya no está aquí. Elíjalo de nuevo, por favor.',

  sending: 'Enviando…',
  queued: 'No tiene conexión. Esto se enviará en cuanto vuelva a tenerla.',
  sent: 'Enviado',
  not_sent: 'No enviado',
  retry: 'Intentar de nuevo',
  discard: 'Borrar',
  failed:
    'Algo falló de nuestro lado. No se ha perdido nada de lo que escribió. Inténtelo de nuevo, por favor.',
  rate_limited: 'Fueron muchos mensajes en poco tiempo. Lo intentaremos de nuevo en {seconds} segundos.',
  offline: 'No tiene conexión.',

  replies_label: 'Conversación',
  by_text:
    'Le responderemos por mensaje de texto al {phone}. Mientras esta página esté abierta, las respuestas también aparecen aquí.',
  you: 'Usted',
  from_robot: 'Respuesta automática',
  from_person: '{name}, {store}',
  from_store: '{store}',
  reply_private: 'Le enviamos un mensaje de texto con los detalles.',
  reply_file: 'Le enviamos un archivo al teléfono.',
  ended: 'Esta conversación ha terminado. Escríbanos de nuevo cuando quiera.',
  opted_out:
    'No enviamos mensajes de texto al {phone}, porque se nos pidió no hacerlo. Tenemos su mensaje, pero no podemos responderle por texto. Para volver a recibirlos, envíe START desde ese teléfono como respuesta a nuestro último mensaje.',
  today: 'Hoy',
  yesterday: 'Ayer',

  forget: 'Olvidar este chat',
  forget_question: '¿Borrar este chat de este navegador? La tienda conserva lo que ha recibido.',
  forget_yes: 'Sí, borrarlo',
  forget_no: 'Conservarlo',
};
