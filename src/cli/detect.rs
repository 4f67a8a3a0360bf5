//! `hallwatch detect`: what the registers of an unknown device may mean.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use crate::model::{Text, text};
use crate::profile::{Function, Number, WordOrder};
use crate::source::modbus::detect::{
    DetectPlan, Detected, DraftHead, Guess, Known, PAUSE_S_DEFAULT, PER_READ_DEFAULT, Place,
    REGISTERS_DEFAULT, REGISTERS_MAX, Reading, TIMES_DEFAULT, What, draft_profile, guess,
    read_registers,
};
use crate::source::modbus::scan::{ANSWER_MS_DEFAULT, RATE_DEFAULT, ScanError, Target};
use crate::source::modbus::{SerialLine, Transport};

use super::check::{Language, one_line};
use super::failure::Failure;
use super::out::say;
use super::scan::{ParityWord, parity};
use super::{Done, runtime, told_to_stop};

/// Port of Modbus TCP.
const PORT: u16 = 502;
/// Candidates of one place in the table.
const SHOWN_MAX: usize = 3;
/// Smallest share that is shown beside the first.
const SHARE_MIN: f64 = 0.05;

/// What is read, and how.
#[derive(Args)]
pub(super) struct DetectArguments {
    /// host:port or a serial port. 地址或串口。
    target: String,
    /// Unit id. 站号。
    #[arg(long, default_value_t = 1)]
    unit: u8,
    /// First register, as sent on the wire. 起始寄存器。
    #[arg(long, default_value_t = 0)]
    from: u16,
    /// How many registers. 寄存器个数。
    #[arg(long, default_value_t = REGISTERS_DEFAULT, value_parser = clap::value_parser!(u16).range(1..=i64::from(REGISTERS_MAX)))]
    count: u16,
    /// Which registers. 寄存器类别。
    #[arg(long, default_value = "holding")]
    function: FunctionWord,
    /// A value on the device's display, such as "230.1 V"; may be repeated. 屏幕上的已知值。
    #[arg(long)]
    known: Vec<String>,
    /// How often all is read. 读几遍。
    #[arg(long, default_value_t = TIMES_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=100))]
    times: u32,
    /// Seconds between. 间隔秒数。
    #[arg(long, default_value_t = PAUSE_S_DEFAULT, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    every_s: u64,
    /// The address is a transparent serial server. 地址是透传的串口服务器。
    #[arg(long)]
    rtu_over_tcp: bool,
    /// Bits per second of a serial port. 波特率。
    #[arg(long, default_value_t = 9_600, value_parser = clap::value_parser!(u32).range(300..=3_000_000))]
    baud: u32,
    /// Parity of a serial port. 校验。
    #[arg(long, default_value = "none")]
    parity: ParityWord,
    /// Longest read. 一次最多读几个寄存器。
    #[arg(long, default_value_t = PER_READ_DEFAULT, value_parser = clap::value_parser!(u16).range(1..=125))]
    most: u16,
    /// Longest wait for an answer, milliseconds. 等待应答的最长时间，毫秒。
    #[arg(long, default_value_t = ANSWER_MS_DEFAULT, value_parser = clap::value_parser!(u32).range(20..=60_000))]
    timeout_ms: u32,
    /// Questions a second, at most. 每秒最多的提问数。
    #[arg(long, default_value_t = RATE_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Write a draft profile. 写出模板草稿。
    #[arg(long)]
    profile_out: Option<PathBuf>,
    /// Show one language only. 只显示一种语言。
    #[arg(long)]
    pub(super) lang: Option<Language>,
}

/// Which registers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FunctionWord {
    /// Function 3. 保持寄存器
    Holding,
    /// Function 4. 输入寄存器
    Input,
}

pub(super) fn run(arguments: &DetectArguments) -> Done {
    let known: Vec<Known> =
        arguments.known.iter().map(|w| Known::parse(w)).collect::<Result<_, _>>()?;
    if let Some(path) = arguments.profile_out.as_ref().filter(|path| path.exists()) {
        // Before minutes are spent on reading.
        return Err(Failure::of_file(path, &ErrorKind::AlreadyExists.into()));
    }
    let plan = DetectPlan {
        transport: transport(arguments)?,
        unit: arguments.unit,
        function: function(arguments.function),
        from: arguments.from,
        count: arguments.count,
        registers_per_read: arguments.most,
        times: arguments.times,
        pause: Duration::from_secs(arguments.every_s),
        answer_ms: arguments.timeout_ms,
        rate_per_s: arguments.rate,
    };
    let reading = runtime()?.block_on(read(&plan, arguments.lang));
    tell(&reading, arguments.lang);
    if reading.snapshots.is_empty() {
        let (unit, target) = (arguments.unit, &arguments.target);
        return Err(Failure::told(text!(
            "`{target}` 的站号 `{unit}` 没有应答，或拒绝这些寄存器：\
             用 `hallwatch scan {target}` 看有哪些站号，或换 --from、--function",
            "unit `{unit}` at `{target}` does not answer, or refuses these registers: \
             `hallwatch scan {target}` shows who is there; or try another --from or --function",
        )));
    }
    let detected = guess(&reading.snapshots, &known);
    table(&detected, arguments.lang);
    doubts(&reading, &detected, &known, arguments);
    if let Some(path) = &arguments.profile_out {
        let head = DraftHead {
            id: "draft".to_owned(),
            unit: arguments.unit,
            function: plan.function,
            source: format!("hallwatch detect {}", arguments.target),
            registers_per_read: arguments.most,
        };
        let draft = draft_profile(&head, &detected);
        let written = File::create_new(path).and_then(|mut file| file.write_all(draft.as_bytes()));
        written.map_err(|error| Failure::of_file(path, &error))?;
        let shown = path.display();
        let told = text!(
            "草稿已写入 `{shown}`：逐点对照设备屏幕后再用",
            "the draft is in `{shown}`: compare each point with the device's display before use",
        );
        eprintln!("{}", one_line(told, arguments.lang));
    }
    Ok(ExitCode::SUCCESS)
}

fn transport(arguments: &DetectArguments) -> Result<Transport, ScanError> {
    match Target::parse(&arguments.target)? {
        Target::Serial(path) => Ok(Transport::Serial(SerialLine {
            path,
            baud_rate: arguments.baud,
            data_bits: 8,
            parity: parity(arguments.parity),
            stop_bits: 1,
        })),
        Target::Host(host, port) => {
            let address = format!("{host}:{}", port.unwrap_or(PORT));
            Ok(if arguments.rtu_over_tcp {
                Transport::RtuOverTcp(address)
            } else {
                Transport::Tcp(address)
            })
        }
        Target::Net(_) | Target::Bus(..) => Err(ScanError::Target(arguments.target.clone())),
    }
}

const fn function(word: FunctionWord) -> Function {
    match word {
        FunctionWord::Holding => Function::Holding,
        FunctionWord::Input => Function::Input,
    }
}

async fn read(plan: &DetectPlan, language: Option<Language>) -> Reading {
    let stop = CancellationToken::new();
    let progress = |done, of| {
        let told = text!("第 {done} 遍，共 {of} 遍", "round {done} of {of}");
        eprintln!("{}", one_line(told, language));
    };
    let work = read_registers(plan, progress, &stop);
    tokio::pin!(work);
    tokio::select! {
        reading = &mut work => reading,
        () = told_to_stop() => {
            stop.cancel();
            work.await
        }
    }
}

/// What was read, and what was not.
fn tell(reading: &Reading, language: Option<Language>) {
    let count = reading.snapshots.len();
    let told = text!("读到 {count} 个寄存器", "{count} registers were read");
    eprintln!("{}", one_line(told, language));
    let holes: Vec<String> =
        reading.holes.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    if !holes.is_empty() {
        let holes = holes.join(", ");
        let told = text!("读不到：{holes}", "not readable: {holes}");
        eprintln!("{}", one_line(told, language));
    }
    if let Some(error) = &reading.failure {
        let told = text!("提前结束：{error}", "it ended early: {error}");
        eprintln!("{}", one_line(told, language));
    }
}

/// What hints at other registers than those that were read.
fn doubts(reading: &Reading, detected: &Detected, known: &[Known], arguments: &DetectArguments) {
    let other = match arguments.function {
        FunctionWord::Holding => "--function input",
        FunctionWord::Input => "--function holding",
    };
    let missing = |(known, written): &(&Known, &String)| {
        (!known.is_in(detected)).then(|| format!("`{written}`"))
    };
    let pairs = known.iter().zip(&arguments.known);
    let missing: Vec<String> = pairs.filter_map(|pair| missing(&pair)).collect();
    let told = if reading.snapshots.all_zero() {
        text!(
            "所有寄存器都是 0：试试 {other}，换 --from，或在有负荷时再做",
            "all registers are zero: try {other}, another --from, or do it under load",
        )
    } else if !missing.is_empty() {
        let missing = missing.join(", ");
        text!(
            "没有找到已知值 {missing}：试试 {other}、换 --from 或加大 --count",
            "the known {missing} was not found: try {other}, another --from or a larger --count",
        )
    } else {
        return;
    };
    eprintln!("{}", one_line(told, arguments.lang));
}

/// The table: address, words, and what they may be.
fn table(detected: &Detected, language: Option<Language>) {
    let (order, share) = detected.order;
    let percent = 100.0 * share;
    let told = match order {
        WordOrder::HighFirst => {
            text!("字序：高字在前 {percent:.0} %", "word order: high word first, {percent:.0} %")
        }
        WordOrder::LowFirst => {
            text!("字序：低字在前 {percent:.0} %", "word order: low word first, {percent:.0} %")
        }
    };
    say!("# {}", one_line(told, language));
    let told = Text::new(
        "百分数是各种看法之间的比例，不是测出来的概率；只靠这里列出的凭据",
        "the shares are between the ways to see a place, by the evidence that is shown; they are no \
         measured probabilities",
    );
    say!("# {}", one_line(told, language));
    for place in &detected.places {
        if is_zero(place) {
            continue;
        }
        let words: Vec<String> = place.words.iter().map(|word| format!("{word:04X}")).collect();
        let mut head = format!("{:>5}  {:<20}", place.start, words.join(" "));
        let shown = place.guesses.iter().take(SHOWN_MAX).enumerate();
        for (_, guess) in shown.filter(|(n, guess)| *n == 0 || guess.share >= SHARE_MIN) {
            say!("{head} {}", line(guess, language));
            head = " ".repeat(27);
        }
    }
}

/// A zero that nothing explains.
fn is_zero(place: &Place) -> bool {
    let plain = place.guesses.first().is_some_and(|guess| guess.what == What::Unknown);
    plain && place.words.iter().all(|word| *word == 0)
}

fn line(guess: &Guess, language: Option<Language>) -> String {
    let kind = match guess.form.number {
        Number::String(words) => format!("string {words}"),
        number => format!("{number:?}").to_lowercase(),
    };
    let scale = match guess.exponent {
        0 => String::new(),
        n => format!(" ×10^{n}"),
    };
    let value = match (&guess.text, guess.value) {
        (Some(text), _) => format!("{text:?}"),
        (None, Some(value)) => format!("{value}"),
        (None, None) => "-".to_owned(),
    };
    let mut why = Text::new(String::new(), String::new());
    for reason in &guess.why {
        let (zh, en) = (&reason.zh, &reason.en);
        why = Text::new(format!("{}；{zh}", why.zh), format!("{}; {en}", why.en));
    }
    let what = guess.what.text();
    let told = Text::new(format!("{}{}", what.zh, why.zh), format!("{}{}", what.en, why.en));
    let percent = 100.0 * guess.share;
    format!("{percent:>3.0} %  {:<16} {value:<16} {}", kind + &scale, one_line(told, language))
}
