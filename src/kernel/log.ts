/** What a shell says about its work. The composition root binds it to a real logger; tests bind it to an array. */
export interface Log {
  debug(fields: LogFields, what: string): void;
  info(fields: LogFields, what: string): void;
  warn(fields: LogFields, what: string): void;
  error(fields: LogFields, what: string): void;
}

/** Never a password, a key, a digest response or an Authorization header. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | readonly (string | number)[]>>;

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
