/** Certificates for tests, made by openssl(1) into a directory that goes with the process. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** Key and certificate that prove these names (`DNS:…`, `IP:…`), PEM. */
  issue(names: readonly string[]): { readonly key: string; readonly cert: string };
}

export function authority(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'branchline-ca-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
  let issued = 0;
  return {
    ca: readFileSync(join(dir, 'ca.pem'), 'utf8'),
    issue(names) {
      const base = `leaf${++issued}`;
      const san = `subjectAltName=${names.join(',')}`;
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-x509', '-days', '2'];
      openssl(
        'req',
        ...key,
        ...signer,
        '-keyout',
        `${base}.key`,
        '-out',
        `${base}.pem`,
        '-subj',
        `/CN=${base}`,
        '-addext',
        san,
      );
      return {
        key: readFileSync(join(dir, `${base}.key`), 'utf8'),
        cert: readFileSync(join(dir, `${base}.pem`), 'utf8'),
      };
    },
  };
}
