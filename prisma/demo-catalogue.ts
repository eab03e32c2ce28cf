/** The words that the demo data is made of. */

export const FIRST_NAMES = (
  'Ada Alan Amara Anika Anton Aisha Beatriz Björn Carla Chen Chloé Daniel Diego Elena Emeka Emma Erik Fatima Felix ' +
  'Giulia Grace Hanna Hiro Ines Ivan Jana Jonas José Julia Kofi Lara Léa Liam Lina Lucía Magnus Maja Marek Mei Mila ' +
  'Nadia Noah Nora Olivia Omar Paula Priya Rafael Rosa Samir Sara Sofia Tomás Viktor Wanjiru Yusuf Zoë'
).split(' ')

export const LAST_NAMES = (
  'Abe Adeyemi Almeida Andersson Bauer Becker Berg Bianchi Brown Castro Chen Cohen Costa Dubois Eriksson Fischer ' +
  'García Haddad Hansen Ito Ivanova Jansen Johnson Kaya Keller Kim Kowalski Larsen Lopez Martin Mensah Meyer Moreau ' +
  'Müller Nakamura Nguyen Novák Okafor Olsen Patel Pereira Petrov Rossi Sánchez Sato Schmidt Silva Singh Smith ' +
  'Tanaka Torres Vargas Virtanen Weber Wright Yılmaz Zhang'
).split(' ')

export const PLACES: { locale: string; timeZone: string; dial: string }[] = [
  { locale: 'de-DE', timeZone: 'Europe/Berlin', dial: '+4930' },
  { locale: 'en-GB', timeZone: 'Europe/London', dial: '+4420' },
  { locale: 'fr-FR', timeZone: 'Europe/Paris', dial: '+331' },
  { locale: 'es-ES', timeZone: 'Europe/Madrid', dial: '+3491' },
  { locale: 'it-IT', timeZone: 'Europe/Rome', dial: '+3906' },
  { locale: 'pl-PL', timeZone: 'Europe/Warsaw', dial: '+4822' },
  { locale: 'sv-SE', timeZone: 'Europe/Stockholm', dial: '+468' },
]

/** Kind of product, its lowest price in cents, and what it is. */
export const KINDS: { code: string; name: string; from: number; text: string }[] = [
  { code: 'LAMP', name: 'desk lamp', from: 3995, text: 'Dimmable, with a swivel arm and a warm light.' },
  { code: 'CHAIR', name: 'office chair', from: 18900, text: 'Adjustable in height, with a breathing back.' },
  { code: 'DESK', name: 'standing desk', from: 39900, text: 'Raised and lowered by a quiet motor.' },
  { code: 'SHELF', name: 'wall shelf', from: 2995, text: 'Carries 20 kg; screws and plugs are included.' },
  { code: 'MUG', name: 'mug', from: 995, text: 'Holds 350 ml and goes into the dishwasher.' },
  { code: 'NOTE', name: 'notebook', from: 795, text: '192 dotted pages, lies flat when open.' },
  { code: 'PEN', name: 'fountain pen', from: 2495, text: 'Fine steel nib, filled by cartridge or piston.' },
  { code: 'BAG', name: 'shoulder bag', from: 7900, text: 'Waxed canvas with room for a 14 inch computer.' },
  { code: 'CLOCK', name: 'wall clock', from: 4500, text: 'A silent movement behind mineral glass.' },
  { code: 'PLANT', name: 'plant pot', from: 1495, text: 'With a hidden saucer, for plants up to 80 cm.' },
  { code: 'RUG', name: 'rug', from: 12900, text: 'Woven from recycled wool, 140 by 200 cm.' },
  { code: 'HOOK', name: 'coat hook', from: 1295, text: 'Folds away when nothing hangs on it.' },
]

export const MATERIALS: { code: string; name: string; factor: number }[] = [
  { code: 'OAK', name: 'Oak', factor: 1.4 },
  { code: 'STEEL', name: 'Steel', factor: 1.1 },
  { code: 'CLAY', name: 'Clay', factor: 1 },
  { code: 'CORK', name: 'Cork', factor: 1.2 },
  { code: 'LINEN', name: 'Linen', factor: 1.3 },
]

export const NOTES = [
  'Please ring twice.',
  'It is a present: no invoice in the box, please.',
  'Leave it with the neighbour on the second floor.',
  'Deliver after 17:00.',
  'Company order; the cost centre is on the invoice address.',
]

export const REASONS = [
  'Ordered twice by mistake.',
  'Found it at a better price.',
  'The delivery would come too late.',
  'The customer changed their mind.',
]
