// Made-up Modbus lines and registers: one line in good order, one with a silent unit and bad wires.
import { text } from "./hall.mjs";

const durations = (counts, p50, p95, max) => ({ counts, total: counts.reduce((sum, n) => sum + n, 0), p50_ms: p50, p95_ms: p95, max_ms: max });
const CLASSES = 15;
const few = (place, n) => durations(Array.from({ length: CLASSES }, (_, i) => (i === place ? n : 0)), 50, 50, 48);
const unit = (number, device, wrong = {}) => ({
  unit: number, devices: [device], questions: 1_200, answers: 1_200, unanswered: 0, timeouts: 0, exceptions: [], bad_answers: 0, closed: 0, latency: few(5, 1_200), ...wrong,
});

function bus(name, transport, wrong) {
  return {
    name, transport, watched_ms: 7_200_000, utilisation: 0.12, busy_ms: 860_000, connects: 1, connect_failures: 0, crc_errors: 0, noise_bytes: 0,
    echoes: 0, late_answers: 0, foreign_frames: 0, lateness: few(0, 1_200), findings: [], units: [], ...wrong,
  };
}

/** The lines, those with trouble first. */
export function buses(now, limit) {
  const all = [
    bus("roof-485", "serial", {
      utilisation: 0.96, crc_errors: 41, foreign_frames: 6,
      findings: [
        { weight: "trouble", unit: 7, text: text("单元 7 (inv-07) 不应答（连续 12 次）：之前正常，检查供电和接线", "unit 7 (inv-07) does not answer (12 questions in a row): it did before; check its power and wires") },
        { weight: "warning", unit: null, text: text("线路占用 96 %：请加大采集间隔，或分成两条线路", "line 96 % busy: raise intervals, or split the line") },
      ],
      units: [unit(6, "inv-06"), unit(7, "inv-07", { answers: 900, unanswered: 12, timeouts: 312 })],
    }),
    bus("192.168.10.11:502", "tcp", { units: [unit(1, "inv-01")] }),
  ];
  return { now_ms: now, total: all.length, bounds_ms: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000], buses: all.slice(0, limit) };
}

/** The registers of an inverter or a meter; others have none. */
export function registers(id, now) {
  if (!/^(inv|meter)-/.test(id)) return null;
  const one = (name, zh, en, unit_, address, words, value, quality, reason = null) => ({
    name, vendor: name.toUpperCase(), label: text(zh, en), unit: unit_, function: 3, address, count: Math.max(1, words.length), words, value, text: null, quality, reason,
    read_ms: words.length > 0 ? now - 1_000 : null,
  });
  return {
    now_ms: now, device: id, registers: [
      one("ac_power_w", "交流功率", "AC power", "W", 32080, ["0000", "30B6"], 12_470, "good"),
      one("grid_freq_hz", "电网频率", "grid frequency", "Hz", 32085, ["1388"], 50, "good"),
      one("fault", "故障代码", "faults", "", 32090, ["0000"], "", "good"),
      one("mppt_3_voltage_v", "MPPT3电压", "MPPT 3 voltage", "V", 32100, ["FFFF"], null, "not_available", text("设备表示没有这个值", "the device says that it has no such value")),
      one("insulation_ohm", "绝缘阻抗", "insulation resistance", "Ω", 32110, [], null, "refused_by_device", text("异常码 2：没有这个寄存器", "exception 2: illegal data address")),
    ],
  };
}
