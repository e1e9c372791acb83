/** A look into a running Node from outside, over its inspector (`--inspect=127.0.0.1:PORT`). */

interface Target {
  readonly webSocketDebuggerUrl: string;
}

interface Reply {
  readonly id?: number;
  readonly result?: { readonly usedSize?: number };
}

/** The octets of the main thread's heap that are still in use after everything unused has been collected. */
export async function heapInUse(port: number): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly Target[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  const answers = new Map<number, (reply: Reply) => void>();
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    answers.get(reply.id ?? 0)?.(reply);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let id = 0;
  const ask = (method: string): Promise<Reply> => {
    socket.send(JSON.stringify({ id: ++id, method }));
    return new Promise((resolve) => answers.set(id, resolve));
  };
  try {
    await ask('HeapProfiler.collectGarbage');
    const { result } = await ask('Runtime.getHeapUsage');
    return result?.usedSize ?? Number.NaN;
  } finally {
    socket.close();
  }
}
