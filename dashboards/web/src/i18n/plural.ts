/** "1 device", "2 devices"; also with a figure that is written already, "1,204 devices". */
export const count = (n: number | string, one: string, many: string): string => `${n} ${String(n) === "1" ? one : many}`;
