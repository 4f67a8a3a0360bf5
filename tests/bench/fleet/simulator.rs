//! The devices: one server behind every address of 127.0.0.0/8, a thousand sets of registers
//! would say no more than two hundred do. Their values move, so that nothing is cheap only because
//! nothing changes.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{ModbusServer, RegisterImage, Units};

/// Makes this program the simulator.
pub(crate) const WORD: &str = "--simulate";
/// Unit ids in use; device `n` is unit `n % UNITS + 1`.
pub(crate) const UNITS: usize = 200;
/// Registers of a device.
pub(crate) const REGISTERS: u16 = 50;
/// The register that counts the energy of the day, in 100 Wh: it grows as at 18 kW.
const ENERGY: u16 = 1;
/// The register that says how the inverter is: 1 is "feeds in".
pub(crate) const STATE: u16 = 49;

/// Where device `n` is reached.
pub(crate) fn address(n: usize) -> Ipv4Addr {
    let [.., high, low] = (n as u32 + 1).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

pub(crate) const fn unit(n: usize) -> u8 {
    (n % UNITS) as u8 + 1
}

fn image(unit: u8, second: usize) -> RegisterImage {
    let mut image = RegisterImage::default();
    let value = |register: u16| match register {
        STATE => 1,
        ENERGY => (1000 + second / 20) as u16,
        _ => 1000 + (register * 37 + u16::from(unit) * 11 + (second % 60) as u16 * 7) % 500,
    };
    let words: Vec<u16> = (0..REGISTERS).map(value).collect();
    image.write(Function::Holding, 0, &words);
    image
}

/// Serves until it is killed; prints its port.
pub(crate) fn main() -> ExitCode {
    super::process::raise_file_limit();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let units = Units::default();
        let all = || (0..UNITS).map(unit);
        all().for_each(|unit| units.set_image(unit, image(unit, 0)));
        // Every address of the loopback network, and no other machine can be meant by them.
        let server = ModbusServer::start((Ipv4Addr::UNSPECIFIED, 0).into(), units).await;
        let server = server.expect("a port");
        println!("{}", server.address().port());
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / UNITS as u32);
        for n in 1_usize.. {
            ticks.tick().await;
            // Each unit once a second, one after the other.
            let (unit, second) = (unit(n), n / UNITS);
            server.units().set_image(unit, image(unit, second));
        }
    });
    ExitCode::SUCCESS
}
