// The container of header fields: a program of calls, held against a plain list of pairs.
import { InvalidHeaderValue } from '../../dist/core/exceptions/handshake-errors.js';
import { Headers, headersOf, MultipleValuesError } from '../../dist/core/headers.js';
import { RequestParser } from '../../dist/core/http-parser.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, latin1, seed } from '../engine/input.js';

const NAMES = [
  'Host',
  'host',
  'HOST',
  'X-A',
  'x-a',
  'x',
  '',
  'a:b',
  '\xc4',
  '\xe4',
  'k',
  '\u212a',
  '__proto__',
  'entries',
  '0',
];
const LOWER = new Map(NAMES.map((name) => [name, name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())]));
const lower = (name) => LOWER.get(name);
const isValue = (value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
const isToken = (name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const headers = new Headers();
  let model = [];
  const values = (name) => model.filter(([each]) => lower(each) === lower(name)).map(([, value]) => value);
  const append = (name, value, add) => {
    const { error } = attempt(() => add(), [InvalidHeaderValue]);
    same(error === null, isValue(value), 'whether the value is accepted');
    if (error === null) model.push([name, value]);
  };
  while (!input.isAtEnd) {
    const call = input.byte() % 10;
    const name = input.pick(NAMES);
    const value = () => Buffer.from(input.take(input.byte() % 8)).toString('latin1');
    if (call < 4) {
      const text = value();
      append(name, text, () => headers.append(name, text));
    } else if (call === 4) {
      const had = values(name).length > 0;
      same(headers.delete(name), had, 'delete');
      model = model.filter(([each]) => lower(each) !== lower(name));
    } else if (call === 5) {
      const text = value();
      const present = values(name);
      if (present.length === 0) append(name, text, () => headers.setDefault(name, text));
      else if (present.length === 1) same(headers.setDefault(name, text), present[0], 'setDefault');
      else holds(attempt(() => headers.setDefault(name, text), [MultipleValuesError]).error, 'setDefault of many');
    } else if (call === 6 && model.length < 24) {
      headers.update(headers);
      model = [...model, ...model];
    } else if (call === 7) {
      headers.clear();
      model = [];
    } else if (call === 8) {
      const present = values(name);
      const { value: got, error } = attempt(() => headers.get(name), [MultipleValuesError]);
      same(error !== null, present.length > 1, 'whether get finds many');
      if (error === null) same(got, present[0], 'get');
    } else {
      same(headers.getAll(name), values(name), 'getAll');
      same(headers.has(name), values(name).length > 0, 'has');
    }
  }
  same([...headers], model, 'fields');
  same([...headers.keys()], [...new Set(model.map(([name]) => lower(name)))], 'keys');
  same(headers.size, new Set(model.map(([name]) => lower(name))).size, 'size');
  same(headers.toString(), `${model.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'toString');
  const copy = headers.copy();
  holds(headers.equals(copy) && copy.equals(headers), 'a copy is equal');
  const reversed = headersOf([...model].reverse().flat());
  const keepsOrder = model.every(([name]) => new Set(values(name)).size <= 1);
  if (keepsOrder) holds(headers.equals(reversed), 'the order of different names does not matter');
  if (!model.every(([name]) => isToken(name))) return;
  // What we would send says the same to whoever reads it.
  const sent = latin1(`GET / HTTP/1.1\r\n${headers}`);
  const { headers: read } = new RequestParser({ maxHeaders: 1000 }).push(sent);
  same(
    [...read],
    model.map(([name, value]) => [name, value.replace(/^[\t ]+|[\t ]+$/g, '')]),
    'written and read again',
  );
});

export const maxLength = 512;
export const words = [];
export const seeds = () => [
  seed([0, 0, 2], 'ab'),
  latin1('\x00\x00\x02ab\x00\x01\x02cd\x09\x00\x08\x00\x04\x02'),
  latin1('\x00\x03\x01\x0a\x05\x03\x01a\x06\x00\x06\x00\x07\x00'),
];
