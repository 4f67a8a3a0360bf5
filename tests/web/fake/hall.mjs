// The made-up hall behind fake.mjs: 8 inverters, 2 meters, a weather station and 40 machines.
// Everything is a function of the device's number and the time, so that two runs look alike.

export const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONE_OFFSET = 8 * HOUR; // Asia/Shanghai, all year
const RISE = 7.1 * HOUR;
const SET = 16.9 * HOUR;
const RATED_W = 50_000;
const STEP = 300_000;

export const text = (zh, en = zh) => ({ zh, en });
export const midnight = (ms) => Math.floor((ms + ZONE_OFFSET) / DAY) * DAY - ZONE_OFFSET;
export const noise = (seed) => {
  const x = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return x - Math.floor(x);
};
/** Noise without steps, for clouds that drift. */
const smooth = (x) => {
  const t = x - Math.floor(x);
  return noise(Math.floor(x)) * (1 - t) + noise(Math.floor(x) + 1) * t;
};
/** Height of the sun between 0 and 1, and below 0 at night. */
export const sunAt = (ms) => Math.sin(((ms - midnight(ms) - RISE) / (SET - RISE)) * Math.PI);
const cloud = (ms) => 1 - 0.22 * smooth(ms / 2_400_000) - 0.1 * smooth(ms / 500_000) - 0.02 * noise(Math.floor(ms / 60_000));
export const inverterPower = (i, ms) => Math.max(0, sunAt(ms)) * RATED_W * 0.86 * cloud(ms) * (0.96 + 0.06 * noise(i));

export const zones = [
  { id: "roof", name: text("屋顶", "Roof") },
  { id: "power", name: text("配电间", "Switch room") },
  { id: "f1", name: text("一层综合大厅", "Main hall, 1st floor") },
  { id: "f2", name: text("二层专业大厅", "Service hall, 2nd floor") },
  { id: "h24", name: text("24 小时自助区", "24-hour area") },
];

export const kinds = [
  { id: "inverter", name: text("逆变器", "Inverter") },
  { id: "meter", name: text("电表", "Meter") },
  { id: "weather", name: text("气象站", "Weather station") },
  { id: "ticket_machine", name: text("取号机", "Ticket machine") },
  { id: "health_check_machine", name: text("体检机", "Health-check machine") },
  { id: "tax_terminal", name: text("办税终端", "Tax terminal") },
  { id: "approval_kiosk", name: text("审批一体机", "Approval kiosk") },
  { id: "social_security_kiosk", name: text("社保终端", "Social-security kiosk") },
  { id: "medical_insurance_kiosk", name: text("医保终端", "Medical-insurance kiosk") },
  { id: "display", name: text("信息屏", "Display") },
];

const KIOSKS = [
  ["ticket_machine", "f1", 6], ["approval_kiosk", "f1", 6], ["display", "f1", 2],
  ["tax_terminal", "f2", 7], ["social_security_kiosk", "f2", 4], ["medical_insurance_kiosk", "f2", 3],
  ["health_check_machine", "h24", 2], ["tax_terminal", "h24", 4], ["social_security_kiosk", "h24", 4], ["ticket_machine", "h24", 2],
];

/** What is wrong with whom: number of the device in its list -> story. */
const STORIES = {
  "inv-05": { health: "fault", state: ["fault", "故障", "fault"], reason: text("上报故障 2031：相线对地短路，请到现场检查", "Reports fault 2031, phase wire shorted to ground: check on site"),
    faults: [{ code: "2031", text: text("相线对地短路", "Phase wire short-circuited to PE"), severity: "major" }] },
  "ticket_machine-03": { health: "fault", state: ["out_of_service", "停止服务", "out of service"], paper: ["out", "缺纸", "out"],
    reason: text("打印纸用完，请立即补纸", "Out of paper: refill now") },
  "approval_kiosk-04": { health: "offline", silentS: 1_560, reason: text("26 分钟没有心跳，请检查电源和网络", "No heartbeat for 26 minutes: check power and network"),
    link: text("心跳超时", "heartbeat overdue") },
  "tax_terminal-05": { health: "degraded", paper: ["low", "将尽", "low"], reason: text("打印纸将尽，今天补纸", "Paper is low: refill today") },
  "medical_insurance_kiosk-02": { health: "maintenance", state: ["maintenance", "维护", "maintenance"], reason: text("厂家正在更换读卡器", "The vendor is changing the card reader") },
  "display-02": { health: "asleep", state: ["sleeping", "休眠", "asleep"], reason: null },
  "social_security_kiosk-07": { health: "waiting", silentS: null, reason: text("启动后还没有收到消息", "Nothing heard since the start") },
  "health_check_machine-02": { health: "degraded", reason: text("摄像头无响应，体检项目不完整", "Camera does not answer, some checks are unavailable") },
};

const point = (name, zh, en, unit, value, extra = {}) => ({ name, label: text(zh, en), unit, value, text: null, quality: "good", ...extra });
const word = (name, zh, en, code, wordZh, wordEn) => point(name, zh, en, "", code, { text: text(wordZh, wordEn) });

function base(id, name, zone, kind, profile, now, i) {
  const story = STORIES[id] ?? {};
  const interval = kind === "inverter" || kind === "meter" || kind === "weather" ? 5_000 : 30_000;
  const phase = Math.floor(noise(i) * interval);
  const heard = now - ((now + phase) % interval);
  const seen = story.silentS === null ? null : story.silentS ? now - story.silentS * 1000 - 1 : heard;
  return {
    id, name, zone, kind, profile, state: null, health: story.health ?? "ok", reason: story.reason ?? null,
    last_seen_ms: story.silentS ? Math.floor(fixedSilence(id, now, story.silentS)) : seen,
    stale_after_ms: interval * 3, link: story.link ? { up: false, reason: story.link } : { up: true, reason: null },
    points: [], faults: story.faults ?? [], open_alerts: 0,
  };
}

const silentSince = new Map();
function fixedSilence(id, now, seconds) {
  if (!silentSince.has(id)) silentSince.set(id, now - seconds * 1000);
  return silentSince.get(id);
}

function inverter(i, now) {
  const id = `inv-0${i}`;
  const device = base(id, text(`${i} 号逆变器`, `Inverter ${i}`), "roof", "inverter", "huawei-sun2000", now, i);
  const night = sunAt(now) < 0.01;
  const broken = device.health === "fault";
  const [code, zh, en] = STORIES[id]?.state ?? (night ? ["sleeping", "休眠", "sleeping"] : ["mppt", "最大功率跟踪", "tracking"]);
  device.state = { code, text: text(zh, en) };
  if (night && !broken) device.health = "asleep";
  const power = broken ? 0 : inverterPower(i, Math.floor(now / 5_000) * 5_000);
  const energy = energyUntil(i, now);
  device.points = [
    word("state", "状态", "state", code, zh, en),
    point("ac_power_w", "交流功率", "AC power", "W", power),
    point("energy_today_wh", "今日发电量", "energy today", "Wh", energy),
    point("cabinet_temp_c", "机内温度", "cabinet temperature", "°C", 31.4 + i + power / 4_000),
    point("grid_freq_hz", "电网频率", "grid frequency", "Hz", 50 + (noise(now / 5_000) - 0.5) / 25),
    point("phase_a_voltage_v", "A相电压", "phase A voltage", "V", 231.4 + noise(now / 9_000)),
    point("phase_b_voltage_v", "B相电压", "phase B voltage", "V", 230.2 + noise(now / 8_000)),
    point("phase_c_voltage_v", "C相电压", "phase C voltage", "V", 232.0 + noise(now / 7_000)),
    point("efficiency_percent", "转换效率", "efficiency", "%", broken ? null : 98.1),
    point("dc_power_w", "直流功率", "DC power", "W", power * 1.019, { quality: i === 3 ? "estimated" : "good" }),
    point("insulation_ohm", "绝缘阻抗", "insulation resistance", "Ω", broken ? 28_000 : 2_340_000),
    ...[1, 2, 3, 4].map((n) => point(`string_${n}_current_a`, `组串${n}电流`, `string ${n} current`, "A", i === 2 && n === 4 ? 0 : power / 4 / 640)),
    point("energy_total_wh", "累计发电量", "energy total", "Wh", 412_345_678 + i * 1e6 + energy, { quality: "recovered" }),
    point("serial_number", "序列号", "serial number", "", `ES2350${4_100 + i}`),
  ];
  return device;
}

/** Energy of one inverter today: the five-minute means, added up. */
function energyUntil(i, now) {
  if (i === 5) return 38_400;
  let wh = 0;
  for (let ms = midnight(now) + 6 * HOUR; ms < now; ms += STEP) wh += inverterPower(i, ms) / 12;
  return wh;
}

function meter(i, now) {
  const names = [text("并网点电表", "Grid meter"), text("光伏计量表", "PV meter")];
  const device = base(`mtr-0${i}`, names[i - 1], "power", "meter", "eastron-sdm630", now, 30 + i);
  const load = 268_000 + 40_000 * noise(Math.floor(now / 5_000) + i);
  const watts = i === 1 ? load - plantPower(now) : plantPower(now) * 0.993;
  device.state = { code: "ok", text: text("计量", "metering") };
  device.points = [
    point("ac_power_w", "交流功率", "AC power", "W", watts),
    point("energy_import_wh", "正向（用电）电量", "energy imported", "Wh", 2_184_560_000 + i * 3e8),
    point("energy_export_wh", "反向（上网）电量", "energy exported", "Wh", 93_410_000),
    point("grid_freq_hz", "电网频率", "grid frequency", "Hz", 49.98),
    point("power_factor", "功率因数", "power factor", "", 0.973),
  ];
  return device;
}

function weather(now) {
  const device = base("wx-01", text("屋顶气象站", "Roof weather station"), "roof", "weather", "generic-weather", now, 40);
  device.state = { code: "ok", text: text("测量", "measuring") };
  device.points = [
    point("irradiance_poa_wm2", "倾斜面辐照度", "in-plane irradiance", "W/m²", Math.max(0, sunAt(now)) * 870 * cloud(now)),
    point("module_temp_c", "组件温度", "module temperature", "°C", 4 + 22 * Math.max(0, sunAt(now))),
    point("ambient_temp_c", "环境温度", "ambient temperature", "°C", null, { quality: "sensor_missing" }),
    point("irradiation_today_whm2", "今日辐照量", "irradiation today", "Wh/m²", 2_134),
    point("wind_speed_ms", "风速", "wind speed", "m/s", 2.4),
    point("humidity_percent", "相对湿度", "relative humidity", "%", 31),
  ];
  return device;
}

function kiosk(kind, zone, n, i, now) {
  const id = `${kind}-${String(n).padStart(2, "0")}`;
  const story = STORIES[id] ?? {};
  const name = kinds.find((entry) => entry.id === kind).name;
  const device = base(id, text(`${name.zh} ${n}`, `${name.en} ${n}`), zone, kind, "native-mqtt", now, 50 + i);
  if (device.last_seen_ms === null) return device;
  const [code, zh, en] = story.state ?? ["in_service", "服务中", "in service"];
  device.state = { code, text: text(zh, en) };
  const [paper, paperZh, paperEn] = story.paper ?? ["full", "充足", "full"];
  const count = Math.floor(40 + 160 * noise(i) + (now % DAY) / 600_000);
  const stale = device.health === "offline" ? { quality: "stale" } : {};
  const printer = kind === "display" ? [] : [{ ...word("printer_paper", "打印纸", "paper", paper, paperZh, paperEn), ...stale }];
  device.points = [
    word("kiosk_state", "服务状态", "service state", code, zh, en),
    ...printer,
    ...(kind === "display" ? [point("host_temp_c", "主机温度", "host temperature", "°C", 38.5)] : []),
    point("tickets_total", kind === "ticket_machine" ? "取号数" : "办理笔数", kind === "ticket_machine" ? "tickets" : "transactions", "", count, stale),
    point("printer_paper_left_sheets", "余纸", "paper left", "张", story.paper ? 12 : 340, stale),
    word("camera_state", "摄像头", "camera", "online", "在线", "online"),
    point("door_closed", "柜门已关", "door closed", "", true),
    point("host_temp_c", "主机温度", "host temperature", "°C", 41.5, stale),
  ];
  return device;
}

export function plantPower(now) {
  let watts = 0;
  for (let i = 1; i <= 8; i += 1) if (i !== 5) watts += inverterPower(i, Math.floor(now / 5_000) * 5_000);
  return watts;
}

/** All devices; `copies` > 1 makes a hall large enough to see whether the page stays fluid. */
export function devices(now, copies = 1) {
  const list = [];
  for (let i = 1; i <= 8; i += 1) list.push(inverter(i, now));
  list.push(weather(now), meter(1, now), meter(2, now));
  const numbers = {};
  for (let copy = 0; copy < copies; copy += 1) {
    for (const [kind, zone, count] of KIOSKS) {
      for (let k = 0; k < count; k += 1) {
        numbers[kind] = (numbers[kind] ?? 0) + 1;
        list.push(kiosk(kind, zone, numbers[kind], list.length, now));
      }
    }
  }
  return list;
}

export function pv(now) {
  const start = midnight(now);
  const curve = [];
  for (let ms = start; ms < now; ms += STEP) {
    // Ten minutes without readings: the page must show a gap there.
    const gap = ms >= start + 9.5 * HOUR && ms < start + 9.9 * HOUR;
    curve.push([ms, gap ? null : plantPower(ms)]);
  }
  let energy = 0;
  for (let i = 1; i <= 8; i += 1) energy += energyUntil(i, now);
  return {
    now_ms: now, power_w: plantPower(now), rated_power_w: RATED_W * 8, inverters_reporting: 8, inverters_total: 8,
    energy_today_wh: energy, energy_today_since_ms: start + 6.2 * HOUR,
    sun: { elevation_deg: sunAt(now) * 29.6, sunrise_ms: start + RISE, sunset_ms: start + SET },
    curve_step_ms: STEP, curve,
  };
}
