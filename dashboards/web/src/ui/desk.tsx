// The view "alerts & repair" comes in a chunk of its own.
import type { Hall } from "../api/types";
import { later } from "./later";

export const Desk = later<{ hall: Hall }>(() => import("./desk/view").then((module) => module.DeskView));
