//! Whether a device can be reached, and if not, why, in words a person can act on.

use super::Text;

/// Why a device is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkFault {
    /// Nothing listens at the address.
    Refused,
    /// No way to the address.
    Unreachable,
    /// The host name has no address.
    UnknownHost,
    /// Connected, but no answer in time.
    Timeout,
    /// The peer closed the connection.
    Closed,
    /// The device answered with Modbus exceptions only.
    Exception,
    /// Answers that do not fit the questions: wrong unit, wrong length, garbage.
    BadAnswer,
    /// The device is not what its profile says (no SunSpec map, no such model).
    WrongDevice,
    /// The gateway or logger answers, the device behind it does not answer that.
    NoTarget,
    /// The serial port cannot be opened.
    SerialPort,
    /// No encrypted connection: certificates, names or versions do not fit.
    Tls,
    /// The logger has not dialled in.
    NotDialledIn,
    /// The broker published the device's last will.
    LastWill,
    /// The broker cannot be reached.
    BrokerDown,
    /// The broker refuses us: wrong login, or no right to read a topic.
    Forbidden,
}

impl LinkFault {
    /// All faults.
    pub const ALL: [Self; 15] = [
        Self::Refused,
        Self::Unreachable,
        Self::UnknownHost,
        Self::Timeout,
        Self::Closed,
        Self::Exception,
        Self::BadAnswer,
        Self::WrongDevice,
        Self::NoTarget,
        Self::SerialPort,
        Self::Tls,
        Self::NotDialledIn,
        Self::LastWill,
        Self::BrokerDown,
        Self::Forbidden,
    ];

    /// The stored word, also the label of counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::UnknownHost => "unknown_host",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Exception => "exception",
            Self::BadAnswer => "bad_answer",
            Self::WrongDevice => "wrong_device",
            Self::NoTarget => "no_target",
            Self::SerialPort => "serial_port",
            Self::Tls => "tls",
            Self::NotDialledIn => "not_dialled_in",
            Self::LastWill => "last_will",
            Self::BrokerDown => "broker_down",
            Self::Forbidden => "forbidden",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == word)
    }

    /// One sentence for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Refused => Text::new(
                "连接被拒绝：设备未开启 Modbus，或端口不对",
                "connection refused: Modbus is off on the device, or the port is wrong",
            ),
            Self::Unreachable => Text::new(
                "网络不通：检查网线、交换机和地址",
                "network unreachable: check cable, switch and address",
            ),
            Self::UnknownHost => Text::new(
                "主机名无法解析：检查拼写和 DNS，或改写 IP 地址",
                "the host name has no address: check spelling and DNS, or write the IP address",
            ),
            Self::Timeout => Text::new(
                "已连接但无应答：检查站号、RS-485 接线和设备电源",
                "connected but no answer: check unit id, RS-485 wiring and device power",
            ),
            Self::Closed => Text::new(
                "设备主动断开：可能另有程序占用唯一连接",
                "the device closed the connection: another program may hold its only one",
            ),
            Self::Exception => Text::new(
                "设备拒绝读取（Modbus 异常码）：检查型号模板和权限",
                "the device refuses to be read (Modbus exception): check profile and permission",
            ),
            Self::BadAnswer => Text::new(
                "应答与提问不符：检查站号冲突、线路干扰和网关",
                "answers do not fit the questions: check duplicate unit ids, line noise, gateway",
            ),
            Self::WrongDevice => Text::new(
                "设备与模板不符：没有找到应有的寄存器表",
                "not the device of its profile: the expected register map was not found",
            ),
            Self::NoTarget => Text::new(
                "网关或采集器在线，但其下的设备不应答：检查站号、RS-485 接线和设备电源",
                "the gateway or logger answers, the device behind it does not: check unit id, \
                 RS-485 wiring and device power",
            ),
            Self::SerialPort => Text::new(
                "串口打不开：检查设备名、USB 转换器和访问权限（dialout 组）",
                "the serial port cannot be opened: check its name, the USB adapter and the rights \
                 (group dialout)",
            ),
            Self::Tls => Text::new(
                "加密连接失败：检查证书、有效期和服务器名",
                "no encrypted connection: check certificates, their dates and the server name",
            ),
            Self::NotDialledIn => Text::new(
                "采集器尚未拨入：检查其服务器地址、端口、注册包和 SIM 卡",
                "the logger has not dialled in: check its server address, port, registration text \
                 and SIM card",
            ),
            Self::LastWill => Text::new(
                "设备掉线：消息服务器发布了它的遗嘱",
                "the device dropped off: the broker published its last will",
            ),
            Self::Forbidden => Text::new(
                "消息服务器拒绝：检查用户名、密码和主题权限（ACL）",
                "the broker refuses us: check user name, password and topic rights (ACL)",
            ),
            Self::BrokerDown => {
                Text::new("消息服务器（MQTT）连不上", "the MQTT broker cannot be reached")
            }
        }
    }
}

/// Up, or down with the reason and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// The device answers.
    Up,
    /// The device does not answer.
    Down {
        /// Why.
        fault: LinkFault,
        /// What was seen, in the words of the library or the device; may be empty.
        detail: String,
    },
}
