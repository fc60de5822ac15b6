// Lines in place of a header that are none (RFC 9112 §5), for requests and answers alike.

export const ODD_LINES = [
  'No colon here',
  ' folded',
  ': no name',
  'Spa ce: x',
  'Nul: \0',
  'Cr: \r',
  'X: \x7f',
  'X-\xe9: 1',
  'Tab\t: x',
  'X:\x01',
];
