/** The command line's window on a running box: its HTTP API. */
import { fail, ok, type Result } from '../kernel/result.ts';

export interface BoxAddress {
  readonly url: string;
  readonly token: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** How long the box may take; activation opens listeners and spans. */
const PATIENCE_MS = 60_000;

/** Asks the box; the error is a sentence that says what to do. A refusal by the box is an answer, not an error. */
export async function ask(box: BoxAddress, path: string, post?: string): Promise<Result<Answer, string>> {
  const headers = box.token === undefined ? undefined : { authorization: `Bearer ${box.token}` };
  let response: Response;
  try {
    response = await fetch(new URL(path, box.url), {
      method: post === undefined ? 'GET' : 'POST',
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(headers === undefined ? {} : { headers }),
      ...(post === undefined ? {} : { body: post }),
    });
    if (response.status === 401) return fail('the box wants a token: put http.token into BRANCHLINE_TOKEN');
    return ok({ status: response.status, body: await response.json() });
  } catch (error) {
    return fail(unreachable(error, box.url));
  }
}

/** Fetches a file of the box's; where it has none, its words. */
export async function download(box: BoxAddress, path: string): Promise<Result<Uint8Array | Answer, string>> {
  const headers = box.token === undefined ? undefined : { authorization: `Bearer ${box.token}` };
  try {
    const response = await fetch(new URL(path, box.url), {
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(headers === undefined ? {} : { headers }),
    });
    if (response.status === 401) return fail('the box wants a token: put http.token into BRANCHLINE_TOKEN');
    if (!response.ok) return ok({ status: response.status, body: await response.json() });
    return ok(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    return fail(unreachable(error, box.url));
  }
}

function unreachable(error: unknown, url: string): string {
  if (error instanceof SyntaxError) return `what answers at ${url} is not a Branchline box: set --url`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code === 'ECONNREFUSED') {
    return `no box answers at ${url}: start it with "branchline run", or set --url to its http.address and http.port`;
  }
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `the box at ${url} took too long to answer`;
  const why = cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
  return `the box at ${url} can't be reached: ${why}`;
}
