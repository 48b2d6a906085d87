import type { WidgetTexts } from './widget-texts';

/** What the widget says in French. */
export const FRENCH_TEXTS: WidgetTexts = {
  launcher: 'Écrivez-nous',
  launcher_new: 'Écrivez-nous. Nouvelles réponses : {count}',
  title: 'Écrire à {store}',
  intro:
    'Écrivez-nous ici. La conversation se poursuit par texto : vous pouvez quitter cette page quand vous voulez.',
  close: 'Fermer la discussion',
  loading: 'Chargement…',
  unavailable: 'La messagerie n’est pas disponible',

  name_label: 'Nom',
  phone_label: 'Numéro de mobile',
  phone_hint: 'Nous répondons à ce numéro par texto.',
  phone_hint_international: 'Commencez par + et l’indicatif du pays, par exemple +61.',
  country_label: 'Pays',
  country_other: 'Un autre pays',
  message_label: 'Message',
  message_left: 'Caractères restants : {count}',
  optional: 'facultatif',
  send: 'Envoyer',

  errors_heading: 'Veuillez vérifier ces points avant l’envoi :',
  name_too_long: 'Veuillez raccourcir le nom à {limit} caractères.',
  phone_missing: 'Veuillez saisir votre numéro de mobile.',
  phone_invalid:
    'Nous ne pouvons pas utiliser ce numéro. Veuillez vérifier s’il y manque un chiffre ou s’il y en a un de trop.',
  phone_needs_country: 'Veuillez commencer le numéro par + et l’indicatif du pays.',
  phone_extension: 'Veuillez retirer le numéro de poste : un texto ne peut pas l’atteindre.',
  message_missing: 'Veuillez écrire un message ou joindre un fichier.',
  message_too_long: 'Veuillez raccourcir le message à {limit} caractères.',

  phone_confirm: 'Nous vous écrirons au {phone}.',
  phone_change: 'Changer de numéro',
  phone_landline:
    '{phone} semble être un téléphone fixe. Nos réponses arrivent par texto. Ce numéro peut-il en recevoir ?',
  phone_no_texts:
    '{phone} est un type de numéro qui ne reçoit généralement pas de textos. Avez-vous un numéro de mobile ?',
  phone_use: 'Oui, utiliser ce numéro',
  phone_use_another: 'Saisir un autre numéro',
  phone_unchecked: 'Le numéro n’a pas pu être vérifié. Êtes-vous en ligne ? Veuillez réessayer.',

  attach: 'Joindre un fichier',
  camera: 'Prendre une photo',
  drop_here: 'Déposez les fichiers ici',
  files_label: 'Fichiers joints',
  file_too_large:
    '{name} fait {size}. Un fichier peut faire jusqu’à {limit}. Veuillez en choisir un plus petit.',
  file_wrong_type:
    'Nous ne pouvons pas recevoir ce type de fichier : {name}. Une photo, une vidéo ou un PDF convient.',
  file_empty: '{name} est vide. Veuillez choisir un autre fichier.',
  files_too_many: 'Vous pouvez joindre jusqu’à {limit} fichiers. Veuillez d’abord en retirer un.',
  file_progress: 'Envoi de {name} : {percent} %',
  file_failed: '{name} n’a pas pu être envoyé.',
  file_cancel: 'Annuler l’envoi de {name}',
  file_retry: 'Renvoyer {name}',
  file_remove: 'Retirer {name}',
  file_lost: '{name} n’est plus ici. Veuillez le choisir à nouveau.',

  sending: 'Envoi en cours…',
  queued: 'Vous êtes hors ligne. Ce message partira dès que vous serez de nouveau en ligne.',
  sent: 'Envoyé',
  not_sent: 'Non envoyé',
  retry: 'Réessayer',
  discard: 'Supprimer',
  failed:
    'Un problème est survenu de notre côté. Rien de ce que vous avez écrit n’est perdu. Veuillez réessayer.',
  rate_limited: 'Cela fait beaucoup de messages en peu de temps. Nous réessaierons dans {seconds} secondes.',
  offline: 'Vous êtes hors ligne.',

  replies_label: 'Conversation',
  by_text:
    'Nous vous répondrons par texto au {phone}. Tant que cette page est ouverte, les réponses s’affichent aussi ici.',
  you: 'Vous',
  from_robot: 'Réponse automatique',
  from_person: '{name}, {store}',
  from_store: '{store}',
  reply_private: 'Nous vous avons envoyé un texto avec les détails.',
  reply_file: 'Nous avons envoyé un fichier sur votre téléphone.',
  ended: 'Cette conversation est terminée. Écrivez-nous de nouveau quand vous voulez.',
  opted_out:
    'Nous n’envoyons pas de textos au {phone}, car on nous a demandé de ne plus le faire. Nous avons votre message, mais nous ne pouvons pas y répondre par texto. Pour en recevoir de nouveau, envoyez START depuis ce téléphone en réponse à notre dernier texto.',
  today: 'Aujourd’hui',
  yesterday: 'Hier',

  forget: 'Oublier cette discussion',
  forget_question: 'Supprimer cette discussion de ce navigateur ? Le magasin garde ce qu’il a reçu.',
  forget_yes: 'Oui, la supprimer',
  forget_no: 'La garder',
};
