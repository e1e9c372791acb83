/** Users: each can prove who he is, and by an algorithm that is offered to him. */
import type { Finding, PathPart } from '../problem.ts';
import type { DigestAlgorithm } from '../schema/fields.ts';
import type { Site, UserSetting } from '../schema.ts';

/** Hexadecimal digits of a hash. */
const HA1_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { MD5: 32, 'SHA-256': 64, 'SHA-512-256': 64 };

export function credentials(site: Site): readonly Finding[] {
  return site.users.flatMap((user, i) => userCredentials(user, site, ['users', i]));
}

function userCredentials(user: UserSetting, site: Site, path: readonly PathPart[]): readonly Finding[] {
  const finding = (key: string, what: string, mend: string): Finding => ({
    path: [...path, key],
    what,
    mend,
    needs: ['sip'],
  });
  if (user.password === undefined && user.ha1 === undefined) {
    return [
      finding('password', `is missing: user ${user.id} could not prove who he is`, 'give a password, or ha1 hashes'),
    ];
  }
  if (user.password !== undefined && user.ha1 !== undefined) {
    return [finding('ha1', 'stands beside a password', 'keep one of the two')];
  }
  const hashes = user.ha1;
  if (hashes === undefined) return [];
  const wrong = Object.entries(hashes)
    .filter(([name, hash]) => hash?.length !== HA1_LENGTH[name as DigestAlgorithm])
    .map(([name]): Finding => {
      const mend = `${HA1_LENGTH[name as DigestAlgorithm]} hexadecimal digits`;
      return { path: [...path, 'ha1', name], what: 'has the wrong length for its algorithm', mend, needs: [] };
    });
  const offered = user.digest ?? site.sip.digest;
  if (offered.some((algorithm) => hashes[algorithm] !== undefined)) return wrong;
  return [
    ...wrong,
    finding('ha1', `has no hash for ${offered.join(', ')}, which are offered`, 'add one, or offer what it has'),
  ];
}
