// The page of the demo: shows what the server says, sends what is typed, and comes back by itself when the connection ends.
// Knows its messages from messages.ts. What others wrote only ever becomes text (`textContent`), never markup.

const PING_INTERVAL_MS = 1_000;
const SPARK_POINTS = 30;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** After this long a connection counts as good, and the next retry begins from the start. */
const STABLE_MS = 5_000;
const MAX_LINES = 200;

/** RFC 6455 §7.4.1, as far as a browser tells. */
const MEANINGS = {
  1000: 'OK',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code',
  1006: 'connection lost',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1011: 'internal error',
};

const element = (id) => document.getElementById(id);

let socket = null;
let myId = null;
let retryMs = FIRST_RETRY_MS;
let retryTimer = null;
/** Whether we closed, and so stay away until somebody asks. */
let hasLeft = false;
let pings = new Map();
let rtts = [];

element('name').value = localStorage.getItem('name') ?? '';

function connect() {
  clearTimeout(retryTimer);
  hasLeft = false;
  showState('connecting', 'Connecting…');
  const url = new URL('live', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  if (element('name').value.trim() !== '') url.searchParams.set('name', element('name').value);
  const opening = new WebSocket(url);
  let openedAt = null;
  socket = opening;
  opening.addEventListener('open', () => {
    openedAt = performance.now();
    showState('open', 'Connected');
    element('extensions').textContent = opening.extensions || 'none';
    pings = new Map();
    ping();
  });
  opening.addEventListener('message', ({ data }) => receive(JSON.parse(data)));
  opening.addEventListener('close', ({ code, reason }) => {
    if (openedAt !== null && performance.now() - openedAt > STABLE_MS) retryMs = FIRST_RETRY_MS;
    onClose(openedAt !== null, code, reason);
  });
}

function onClose(wasOpen, code, reason) {
  socket = null;
  showGuests([]);
  element('rtt').textContent = element('server-rtt').textContent = '–';
  if (wasOpen) {
    const who = hasLeft ? 'by this page' : code === 1006 ? 'by nobody: no close frame came' : 'by the server';
    const text = `${code} (${MEANINGS[code] ?? 'private use'})${reason === '' ? '' : ` ${reason}`}`;
    element('last-close').textContent = `${text}, ${who}`;
    addEvent(`Connection closed ${who}`, text, 'own');
  }
  if (hasLeft) {
    showState('closed', `Closed with ${code}`);
    return;
  }
  // Half of it at random: pages that lost their server together don't come back together.
  const delayMs = retryMs / 2 + (Math.random() * retryMs) / 2;
  retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  showState('closed', wasOpen ? `Closed with ${code}, trying again` : 'No answer, trying again');
  retryTimer = setTimeout(connect, delayMs);
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function receive(message) {
  switch (message.type) {
    case 'welcome':
      myId = message.id;
      element('log').replaceChildren();
      for (const line of message.lines) addLine(line);
      element('count').textContent = message.count;
      break;
    case 'line':
      addLine(message.line);
      break;
    case 'guests':
      showGuests(message.guests);
      break;
    case 'count':
      element('count').textContent = message.count;
      element('counted').textContent = `${message.name} turned it last.`;
      break;
    case 'pong':
      showRoundTrip(message.id);
      break;
  }
}

// The round-trip time: a message of our own, because scripts can't send ping frames

function ping() {
  const id = performance.now();
  // What wasn't answered for so long needn't be remembered.
  if (pings.size > SPARK_POINTS) pings.clear();
  pings.set(id, id);
  send({ type: 'ping', id });
}

function showRoundTrip(id) {
  const sentAt = pings.get(id);
  if (sentAt === undefined) return;
  pings.delete(id);
  const rtt = performance.now() - sentAt;
  rtts = [...rtts, rtt].slice(-SPARK_POINTS);
  element('rtt').textContent = milliseconds(rtt);
  drawSpark();
}

function drawSpark() {
  const [width, height] = [200, 36];
  const step = width / (SPARK_POINTS - 1);
  // The newest stands at the right, the largest almost touches the top.
  const left = width - (rtts.length - 1) * step;
  const scale = (height - 4) / Math.max(...rtts);
  const points = rtts.map((rtt, i) => `${(left + i * step).toFixed(1)} ${(height - rtt * scale).toFixed(1)}`);
  const line = `M${points.join('L')}`;
  element('spark').querySelector('.line').setAttribute('d', line);
  element('spark')
    .querySelector('.area')
    .setAttribute('d', `${line}V${height}H${left.toFixed(1)}Z`);
}

const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

// What is seen

function showState(state, text) {
  const pill = element('state');
  pill.dataset.state = state;
  pill.textContent = text;
  for (const id of ['less', 'more']) element(id).disabled = state !== 'open';
  element('say').querySelector('button').disabled = state !== 'open';
  element('close-button').textContent = state === 'open' ? 'Close' : 'Connect';
}

function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children); // Strings become text.
  return made;
}

/** Everybody has a colour; the golden angle keeps neighbours apart. */
const colour = (item, id) => item.style.setProperty('--hue', `${(id * 137.5 + 40) % 360}`);

function addLine(line) {
  if (line.kind === 'said') {
    const isMine = line.from === myId;
    const time = new Date(line.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const item = make('div', isMine ? 'said mine' : 'said', make('span', 'who', `${line.name}, ${time}`));
    colour(item, line.from);
    item.append(make('p', 'words', line.text));
    append(item);
  } else if (line.kind === 'joined') {
    addEvent(`${line.name} joined`);
  } else if (line.kind === 'renamed') {
    addEvent(`${line.name} is now ${line.newName}`);
  } else {
    const who = { client: line.name, server: 'the server', nobody: 'nobody' }[line.closedBy];
    addEvent(`${line.name} left, closed by ${who}`, line.how);
  }
}

function addEvent(text, detail = '', kind = '') {
  const item = make('p', `event ${kind}`, text);
  if (detail !== '') item.append(make('code', '', detail));
  append(item);
}

function append(item) {
  const log = element('log');
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(item);
  if (log.childElementCount > MAX_LINES) log.firstElementChild.remove();
  // Whoever has scrolled up is reading.
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function showGuests(guests) {
  element('guest-count').textContent = guests.length;
  element('guests').replaceChildren(
    ...guests.map(({ id, name, rttMs, extensions }) => {
      const who = make('span', 'who', id === myId ? `${name} (you)` : name);
      who.append(make('small', '', extensions?.split(';')[0] ?? 'no compression'));
      who.title = extensions ?? '';
      const face = make('span', 'face', [...name][0].toUpperCase());
      face.ariaHidden = 'true';
      colour(face, id);
      return make('li', '', face, who, make('span', 'rtt', rttMs === null ? '…' : milliseconds(rttMs)));
    }),
  );
  const me = guests.find(({ id }) => id === myId);
  if (me === undefined) return;
  element('server-rtt').textContent = me.rttMs === null ? '…' : milliseconds(me.rttMs);
  // The server may have given us a name.
  if (document.activeElement !== element('name')) element('name').value = me.name;
}

// What is done

element('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = element('text');
  if (input.value.trim() !== '') send({ type: 'say', text: input.value });
  input.value = '';
  input.focus();
});

element('name').addEventListener('change', () => {
  const name = element('name').value;
  if (name.trim() === '') return;
  localStorage.setItem('name', name);
  send({ type: 'rename', name });
});

element('less').addEventListener('click', () => send({ type: 'count', step: -1 }));
element('more').addEventListener('click', () => send({ type: 'count', step: 1 }));

element('close').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket?.readyState === WebSocket.OPEN) {
    hasLeft = true;
    socket.close(Number(element('code').value), element('reason').value);
  } else if (socket === null) {
    retryMs = FIRST_RETRY_MS;
    connect();
  }
});

setInterval(ping, PING_INTERVAL_MS);
connect();
