/** Which settings may stand at a place, read from the schema itself. */
import { siteJsonSchema } from './schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Made once, when the first wrong key is met: it takes some milliseconds. */
let root: Node | undefined;

/** The keys that the block at `path` knows, of all its alternatives. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  root ??= siteJsonSchema() as Node;
  let nodes: readonly Node[] = [root];
  for (const part of path) nodes = nodes.flatMap((node) => alternatives(node)).flatMap((node) => step(node, part));
  return nodes
    .flatMap((node) => alternatives(node))
    .flatMap((node) => [...Object.keys(node.properties ?? {}), ...(node.propertyNames?.enum ?? [])]);
}

const alternatives = (node: Node): readonly Node[] => node.anyOf ?? node.oneOf ?? [node];

function step(node: Node, part: string | number): readonly Node[] {
  const next = typeof part === 'number' ? node.items : node.properties?.[part];
  return next === undefined ? [] : [next];
}
