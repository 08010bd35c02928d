/** The only API beyond ECMAScript that a server handler has. There are no timers, no URL, no TextEncoder and no Buffer. */
declare function fetch(
  url: string,
  options: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly redirect: "manual" },
): Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;
