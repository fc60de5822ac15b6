// The result of a run, as text for people and as JSON for programs. Measures nothing.
import { version } from '../../index.ts';
import { countText, sizeText, timeText } from '../quantities.ts';
import { type Output, printable, styled } from '../terminal.ts';
import { barChart } from './bar-chart.ts';
import type { Progress, RunResult, RunSettings } from './run.ts';

const NANOSECONDS_PER_MS = 1e6;

const QUANTILES = [
  ['p50', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const;

/** Above this share of one processor the client itself is likely to be what limits. */
const CLIENT_IS_BUSY = 0.9;

/** What is going to be done, in a line. */
export function headline(settings: RunSettings): string {
  const { mode, uri, connections, inFlight, ratePerSecond, sizeBytes, isText } = settings;
  const parts = [
    `${countText(connections)} connections`,
    ratePerSecond === null ? `${countText(inFlight)} in flight` : `${countText(ratePerSecond)} a second in all`,
    ...(mode.copiesOut > 0 ? [`${sizeText(sizeBytes)} ${isText ? 'text' : 'binary'}`] : []),
    ...(settings.connectOptions.compression === null ? [] : ['compressed']),
  ];
  return `${mode.name} ${printable(uri)}: ${parts.join(', ')}`;
}

/** How it is going, in a line. */
export function progressLine(settings: RunSettings, { phase, elapsedMs, done, errors }: Progress): string {
  const what = phase === 'opening' ? `${countText(done)} connections` : `${countText(done)} ${settings.mode.noun}/s`;
  const wrong = errors === 0 ? '' : `, ${countText(errors)} errors`;
  return `${(elapsedMs / 1000).toFixed(0).padStart(4)} s  ${phase}  ${what}${wrong}`;
}

/** The result for people, in lines. */
export function textReport(settings: RunSettings, result: RunResult, output: Output): string {
  const { mode, timeoutMs } = settings;
  const { tally, faults, ending, unanswered } = result;
  const rates = ratesOf(settings, result);
  const lines = [
    `${timeText(result.elapsedMs)}, ${countText(result.doneInTime)} ${mode.noun}: ${styled(output, 'bold', `${countText(rates.operations)}/s`)}` +
      (mode.copiesOut + mode.copiesIn === 0
        ? ''
        : `, ${sizeText(rates.bytesOut)}/s out, ${sizeText(rates.bytesIn)}/s in`),
  ];
  if (tally.done > 0) lines.push('', ...latencyLines(settings, result, output));
  lines.push('');
  for (const { kind, count } of faults.kinds) lines.push(styled(output, 'red', `${countText(count)} × ${kind}`));
  if (ending === 'silent') {
    const what = tally.done === 0 ? 'No answer' : `No answer any more, ${countText(unanswered)} missing`;
    lines.push(styled(output, 'red', `${what}, for ${timeText(timeoutMs)}. ${mode.silence}`));
  } else if (unanswered > 0) {
    lines.push(`${countText(unanswered)} ${mode.noun} on their way when it ended`);
  }
  if (faults.strays > 0) lines.push(`${countText(faults.strays)} messages came that were not an echo of ours`);
  if (ending === 'interrupted') lines.push('interrupted: this is what was measured until then');
  if (settings.ratePerSecond === null && result.clientBusy > CLIENT_IS_BUSY) {
    lines.push(
      `this client kept a processor ${Math.round(result.clientBusy * 100)} % busy: the server may be able to do more`,
    );
  }
  lines.push(`close codes: ${closeCodesText(faults.closeCodes)}`);
  return `${lines.join('\n')}\n`;
}

function latencyLines({ mode }: RunSettings, { tally }: RunResult, output: Output): string[] {
  const { latency } = tally;
  const time = (nanoseconds: number): string => timeText(nanoseconds / NANOSECONDS_PER_MS);
  const columns = [
    ...QUANTILES.map(([name, q]) => [name, time(latency.quantile(q))] as const),
    ['max', time(latency.max)],
  ];
  return [
    `latency ${mode.timed}`,
    styled(output, 'dim', columns.map(([name]) => name!.padStart(9)).join('')),
    columns.map(([, text]) => text!.padStart(9)).join(''),
    '',
    ...barChart(latency).map((line) => `  ${line}`),
  ];
}

const closeCodesText = (codes: ReadonlyMap<number, number>): string =>
  codes.size === 0 ? 'none' : [...codes].map(([code, count]) => `${countText(count)} × ${code}`).join(', ');

/** The result for programs. Names and units stay as they are from version to version; there may be more of them. */
export function jsonReport(settings: RunSettings, result: RunResult): string {
  const { tally, faults } = result;
  const { latency } = tally;
  const ms = (nanoseconds: number): number => nanoseconds / NANOSECONDS_PER_MS;
  const rates = ratesOf(settings, result);
  const quantiles = QUANTILES.map(([name, q]) => [name.replace('.', ''), ms(latency.quantile(q))]);
  const report = {
    version,
    uri: settings.uri,
    mode: settings.mode.name,
    connections: settings.connections,
    inFlight: settings.ratePerSecond === null ? settings.inFlight : null,
    ratePerSecond: settings.ratePerSecond,
    sizeBytes: settings.sizeBytes,
    isText: settings.isText,
    isCompressed: settings.connectOptions.compression !== null,
    ending: result.ending,
    opened: result.opened,
    seconds: result.elapsedMs / 1000,
    begun: tally.begun,
    done: tally.done,
    doneInTime: result.doneInTime,
    unanswered: result.unanswered,
    strays: faults.strays,
    perSecond: rates.operations,
    bytesOutPerSecond: rates.bytesOut,
    bytesInPerSecond: rates.bytesIn,
    latencyMs:
      tally.done === 0
        ? null
        : {
            min: ms(latency.min),
            mean: ms(latency.mean),
            ...Object.fromEntries(quantiles),
            max: ms(latency.max),
          },
    errors: faults.kinds,
    closeCodes: Object.fromEntries(faults.closeCodes),
    clientBusy: result.clientBusy,
  };
  return `${JSON.stringify(report)}\n`;
}

/** What was done a second. */
function ratesOf({ mode, sizeBytes }: RunSettings, { doneInTime, elapsedMs }: RunResult) {
  const operations = doneInTime / (elapsedMs / 1000);
  return {
    operations,
    bytesOut: operations * mode.copiesOut * sizeBytes,
    bytesIn: operations * mode.copiesIn * sizeBytes,
  };
}
