// Reports, closed periods and what people enter of meters, as /api/v1/reports and /api/v1/entries send and take it.
import type { Text } from "./types";

export type Role = "made" | "checked" | "approved";
export const ROLES: readonly Role[] = ["made", "checked", "approved"];
export type Form = "html" | "pdf" | "xlsx" | "csv";

export interface Signature { readonly role: Role; readonly who: string; readonly at_ms: number }

/** That a period was closed. */
export interface Revision {
  readonly revision: number;
  readonly who: string;
  /** Why again, or in spite of what. */
  readonly why: string;
  readonly at_ms: number;
  /** Of its figures. */
  readonly hash: string;
  readonly signatures: readonly Signature[];
}

export interface Period {
  /** "2026-10" */
  readonly period: string;
  readonly text: Text;
  readonly running: boolean;
  /** Entries that came or were taken back since it was closed last. */
  readonly entries_since: number;
  /** The newest first. */
  readonly revisions: readonly Revision[];
}

export interface Meter {
  readonly id: string;
  readonly name: Text;
  readonly supply: "electricity" | "water" | "gas" | "heat";
  readonly unit: string;
  /** People read its register; of the others only amounts are entered. */
  readonly by_hand: boolean;
  readonly last?: { readonly at_ms: number; readonly value: number };
}

export interface Entry {
  readonly id: number;
  /** Of the meter. */
  readonly name: Text;
  readonly what: Text;
  readonly who: string;
  readonly why: string;
  readonly at_ms: number;
  /** Who took it back, and why. */
  readonly taken_back?: string;
}

export interface Reports {
  readonly now_ms: number;
  /** The newest first. */
  readonly months: readonly Period[];
  /** What was closed and is no month of the list. */
  readonly others: readonly Period[];
  readonly meters: readonly Meter[];
  /** The newest first. */
  readonly entries: readonly Entry[];
  readonly forms: readonly string[];
}

/** A figure, or why there is none. */
export interface Figure { readonly value: number | null; readonly why?: Text }

/** What it was in the period before. */
export interface Before { readonly period: string; readonly total_kwh: Figure; readonly import_kwh: Figure; readonly export_kwh: Figure; readonly pv_kwh: Figure; readonly per_day_kwh: Figure }

/** The figures of a report, as far as the page shows them. */
export interface Report {
  readonly period: string;
  /** Days of the hall. */
  readonly first: string;
  readonly last: string;
  readonly running: boolean;
  readonly electricity: {
    readonly import_kwh: Figure;
    readonly export_kwh: Figure;
    readonly pv_kwh: Figure;
    readonly total_kwh: Figure;
    readonly renewable_share: Figure;
    readonly per_day_kwh: Figure;
  };
  readonly before?: Before | null;
  readonly roof: { readonly plant: { readonly pr: Figure; readonly final_yield_h: Figure } } | null;
  readonly supplies?: readonly { readonly supply: string; readonly unit: string; readonly total: Figure }[];
  readonly carbon: { readonly grid_kg: Figure };
  readonly remarks: readonly Text[];
  /** What stands in the way of closing. */
  readonly obstacles: readonly Text[];
}

/** Which figures: those of a revision, those of now, or without both the last that were closed. */
export interface Which { readonly revision?: number; readonly now?: boolean }

/** What a register showed. */
export interface NewReading { readonly meter: string; readonly by: string; readonly why?: string; readonly value: number; readonly at_ms: number; readonly first_of_new?: boolean }
/** What was counted from one day to another. */
export interface NewAmount { readonly meter: string; readonly by: string; readonly why: string; readonly value: number; readonly first: string; readonly last: string; readonly estimated?: boolean; /** It takes away what was counted too much. */ readonly correction?: boolean }
