// The view "reports" comes in a chunk of its own.
import { later } from "./later";

export const ReportsView = later<{}>(() => import("./reports/view").then((module) => module.ReportsView));
