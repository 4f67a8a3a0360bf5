//! The answer path under a peer that says anything: scanner, gate, library and wire. Whatever is
//! taken for an answer must have been said, as a whole frame, after its question.

use std::sync::Arc;

use hallwatch::profile::{BusRules, Function};
use hallwatch::source::modbus::{Framing, LineMonitor, Transport, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const QUESTIONS: usize = 4;

fn rules() -> BusRules {
    BusRules {
        port: 502,
        unit: 1,
        registers_per_read_max: 125,
        read_through_max: 0,
        window_registers: 0,
        gap_ms: 0,
        pause_after_connect_ms: 0,
        timeout_ms: 100,
        connections_max: 1,
        close_after_cycle: false,
    }
}

/// One run: the first bytes choose what is asked, the rest is what the peer says. In what it says
/// a byte 0xF0 to 0xF7 stands for something a fuzzer would hardly find: a good answer, a late one,
/// a checksum, a pause, the end.
pub fn run(data: &[u8], framing: Framing) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (head, script) = data.split_at(data.len().min(QUESTIONS));
        let transport = match framing {
            Framing::Tcp => Transport::Tcp(String::new()),
            Framing::Rtu => Transport::RtuOverTcp(String::new()),
        };
        let (mut once, monitor) = (Some(ours), Arc::new(LineMonitor::new("fuzz", "fuzz")));
        let mut wire = Wire::over(transport, move || once.take(), monitor);
        let asker = async {
            let mut got = Vec::new();
            for choice in head {
                let unit = 1 + (choice & 1);
                let count = 1 + u16::from(choice >> 1 & 7);
                let start = u16::from(choice >> 4) * 100;
                let read = wire.read(unit, Function::Holding, start, count, &rules()).await;
                if let Ok(words) = read {
                    assert_eq!(words.len(), usize::from(count), "as many as asked");
                    got.push((unit, words));
                }
            }
            drop(wire);
            got
        };
        let (got, said) = tokio::join!(asker, peer(theirs, script, framing));
        for (unit, words) in got {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let mut frame = vec![unit, 3, bytes.len() as u8];
            frame.extend(&bytes);
            if framing == Framing::Rtu {
                let sum = crc(&frame).to_le_bytes();
                frame.extend(sum);
            }
            let was_said = said.windows(frame.len()).any(|window| window == frame);
            assert!(was_said, "{frame:02X?} was never said in {said:02X?}");
        }
    });
}

/// Says what the script says, and remembers it.
async fn peer(mut stream: DuplexStream, script: &[u8], framing: Framing) -> Vec<u8> {
    let (mut said, mut asked) = (Vec::new(), Vec::new());
    let mut buffer = [0; 512];
    for part in script {
        let pause = tokio::time::Duration::from_millis(u64::from(*part & 1) * 60);
        if let Ok(Ok(n @ 1..)) = tokio::time::timeout(pause, stream.read(&mut buffer)).await {
            asked = buffer[..n].to_vec();
        }
        let bytes = match part {
            0xF0 => good(&asked, framing),
            0xF1 => asked.clone(),
            0xF2 if framing == Framing::Rtu => {
                crc(&said[said.len().saturating_sub(9)..]).to_le_bytes().to_vec()
            }
            0xF3 => good(&asked, framing).into_iter().take(6).collect(),
            0xF4 => {
                tokio::time::sleep(tokio::time::Duration::from_millis(150)).await;
                Vec::new()
            }
            0xF5 => [good(&asked, framing), good(&asked, framing)].concat(),
            0xF6 => asked.iter().take(2).copied().collect(),
            byte => vec![*byte],
        };
        said.extend(&bytes);
        if stream.write_all(&bytes).await.is_err() {
            break;
        }
    }
    drop(stream);
    said
}

/// The answer that a good unit would give.
fn good(question: &[u8], framing: Framing) -> Vec<u8> {
    let head = if framing == Framing::Tcp { 6 } else { 0 };
    let Some(&[unit, function, high, low, _, count]) = question.get(head..head + 6) else {
        return Vec::new();
    };
    let mut frame = vec![unit, function, count.saturating_mul(2)];
    frame.extend((0..count).flat_map(|n| [high ^ n, low]));
    match framing {
        Framing::Rtu => {
            let sum = crc(&frame).to_le_bytes();
            frame.extend(sum);
            frame
        }
        Framing::Tcp => {
            let length = (frame.len() as u16).to_be_bytes();
            [&question[..2], &[0, 0], &length, &frame].concat()
        }
    }
}

/// The checksum of RTU, once more and written in another way than in the program.
fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            crc ^= 0xA001 * carry;
        }
    }
    crc
}
