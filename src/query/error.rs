//! Why a query is not answered. Each error names what is wrong; [`QueryError::hint`] says what to do.

use std::fmt::{self, Display};

use super::limit;

/// Where in the text: line and character, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub char: usize,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, char {}", self.line, self.char)
    }
}

/// Why a query, or one statement of it, is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Not InfluxQL.
    #[error("found `{found}`, expected {expected} at {place}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
        /// Where.
        place: Place,
    },
    /// InfluxQL, but not answered from the embedded history.
    #[error("`{what}` is not answered here at {place}: {}", instead.en())]
    Refused {
        /// The statement, function or clause.
        what: String,
        /// What can be said instead.
        instead: Instead,
        /// Where.
        place: Place,
    },
    /// A regular expression that cannot be used.
    #[error("`{pattern}` is no usable regular expression at {place}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// Where.
        place: Place,
    },
    /// A text that is no time.
    #[error("`{text}` is no time at {place}")]
    Time {
        /// The text.
        text: String,
        /// Where.
        place: Place,
    },
    /// No such time zone.
    #[error("`{name}` is no time zone at {place}")]
    Zone {
        /// The name.
        name: String,
        /// Where.
        place: Place,
    },
    /// A number that a function cannot use.
    #[error("`{found}` cannot be the argument of `{function}` at {place}: expected {expected}")]
    Argument {
        /// The function.
        function: String,
        /// What it was given.
        found: String,
        /// What it takes.
        expected: &'static str,
        /// Where.
        place: Place,
    },
    /// A function over fields that it cannot work on.
    #[error("`{function}` cannot work on `{field}`, which is {kind}")]
    Kind {
        /// The function or operator.
        function: String,
        /// The field.
        field: String,
        /// The field's type.
        kind: &'static str,
    },
    /// No such database.
    #[error("database not found: `{0}`")]
    Database(String),
    /// No such retention policy.
    #[error("retention policy not found: `{0}`")]
    RetentionPolicy(String),
    /// The text is too long.
    #[error("the query is longer than {} bytes", limit::TEXT_BYTES)]
    TooLong,
    /// Parentheses, operators or subqueries without end.
    #[error("`{found}` is more than one query may hold at {place}")]
    TooMuch {
        /// What stands there.
        found: String,
        /// Where.
        place: Place,
    },
    /// More rows than an answer may have.
    #[error("the answer has more than {0} rows")]
    TooManyRows(usize),
    /// More buckets than a series may have.
    #[error("a series has more than {0} buckets of time")]
    TooManyBuckets(usize),
    /// More columns than an answer may have.
    #[error("the answer has more than {} columns", limit::COLUMNS)]
    TooManyColumns,
    /// A function needs to hold more values than it may.
    #[error("`{function}` would have to hold more than {} values", limit::POINTS)]
    TooManyPoints {
        /// The function.
        function: &'static str,
    },
    /// The past cannot be read.
    #[error("the history cannot be read: {0}")]
    Store(String),
}

impl QueryError {
    /// What to do about it, in Chinese and in English.
    #[must_use]
    pub fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unexpected { .. } => (
                "检查该位置的拼写；名称用双引号，文字用单引号",
                "look at the spelling there; names go in double quotes, texts in single quotes",
            ),
            Self::Refused { instead, .. } => (instead.zh(), instead.en()),
            Self::Pattern { .. } => (
                "检查正则表达式，或直接列出设备名：/^(INV-01|INV-02)$/",
                "mend the expression, or list the devices: /^(INV-01|INV-02)$/",
            ),
            Self::Time { .. } => (
                "写成 '2026-11-23 08:00:00'、1700000000000ms 或 now() - 1h",
                "write '2026-11-23 08:00:00', 1700000000000ms or now() - 1h",
            ),
            Self::Zone { .. } => ("例如 tz('Asia/Shanghai')", "write it as tz('Asia/Shanghai')"),
            Self::Argument { .. } => (
                "例如 percentile(\"f\", 95)、top(\"f\", 3)、derivative(\"f\", 1h)",
                "as in percentile(\"f\", 95), top(\"f\", 3), derivative(\"f\", 1h)",
            ),
            Self::Kind { .. } => (
                "该字段是开关量：用 count、first、last、min、max、mode 或 distinct",
                "the field is yes or no: use count, first, last, min, max, mode or distinct",
            ),
            Self::Database(_) => (
                "用 SHOW DATABASES 查看名称，并在数据源中填写",
                "SHOW DATABASES tells the name; put it into the data source",
            ),
            Self::RetentionPolicy(_) => {
                ("只有 autogen；可以省略", "there is only autogen; it can be left out")
            }
            Self::TooLong => ("把查询分成几条", "split the query into several"),
            Self::TooMuch { .. } => (
                "用正则表达式代替一长串 OR；减少括号和子查询",
                "use a regular expression instead of many ORs; fewer parentheses and subqueries",
            ),
            Self::TooManyRows(_) | Self::TooManyBuckets(_) => (
                "缩短时间范围、加大 GROUP BY time() 的间隔，或加 LIMIT",
                "shorten the range of time, widen GROUP BY time(), or add LIMIT",
            ),
            Self::TooManyColumns => ("逐个写出所需字段", "name the fields that are needed"),
            Self::TooManyPoints { .. } => (
                "缩短时间范围，或用 GROUP BY time() 和 \"device\" 分组",
                "shorten the range of time, or group by time() and \"device\"",
            ),
            Self::Store(_) => (
                "查看磁盘和数据目录，稍后再试",
                "look at the disk and the data folder, and try again",
            ),
        }
    }
}

/// What can be said instead of what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// Anything that is no SELECT or SHOW.
    ReadOnly,
    /// An unknown SHOW.
    Shows,
    /// An unknown function.
    Functions,
    /// A regular expression over fields.
    FieldNames,
    /// Aggregates beside plain fields.
    NotMixed,
    /// Several selectors beside plain fields.
    OneSelector,
    /// `top`, `bottom` or `distinct` beside another function.
    Alone,
    /// A column without any field.
    AField,
    /// GROUP BY time() without an aggregate.
    AnAggregate,
    /// A transformation of raw values with GROUP BY time().
    AggregateInside,
    /// A transformation of an aggregate without GROUP BY time().
    Interval,
    /// A second GROUP BY time().
    OneInterval,
    /// An order other than by time.
    ByTime,
    /// Time within OR, or compared in a strange way.
    TimeBounds,
    /// A condition that is no comparison.
    Comparison,
    /// Fields in the WHERE of a SHOW.
    TagsOnly,
    /// An operator on bits.
    Arithmetic,
    /// A subquery ordered otherwise.
    SameOrder,
    /// A tag as an argument of `top` or `bottom`.
    GroupByTag,
}

impl Instead {
    /// In Chinese.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Self::ReadOnly => "此处只读：请用 SELECT 或 SHOW",
            Self::Shows => {
                "请用 SHOW MEASUREMENTS、TAG KEYS、TAG VALUES、FIELD KEYS、SERIES、DATABASES 或 RETENTION POLICIES"
            }
            Self::Functions => {
                "可用 count、sum、mean、median、mode、min、max、first、last、spread、stddev、percentile、top、bottom、integral、distinct、derivative、difference、cumulative_sum、moving_average、elapsed"
            }
            Self::FieldNames => "请逐个写出字段名，或写 *",
            Self::NotMixed => "函数与普通字段请分成两条查询",
            Self::OneSelector => "带普通字段时只能有一个选择函数",
            Self::Alone => "请单独查询该函数",
            Self::AField => "每一列至少包含一个字段",
            Self::AnAggregate => "请对字段用 mean() 之类的函数，或去掉 GROUP BY time()",
            Self::AggregateInside => "请先聚合：derivative(mean(\"f\"))",
            Self::Interval => "请加上 GROUP BY time()",
            Self::OneInterval => "只写一个 time()",
            Self::ByTime => "请写 ORDER BY time",
            Self::TimeBounds => "时间条件用 <、<=、>、>=、= 比较，并且只能用 AND 连接",
            Self::Comparison => "请写成比较，例如 \"online\" = true",
            Self::TagsOnly => "此处 WHERE 只能用标签，例如 \"zone\" = 'roof'",
            Self::Arithmetic => "可用 + - * / %",
            Self::SameOrder => "子查询的顺序须与外层相同",
            Self::GroupByTag => "请用 GROUP BY 按标签分组",
        }
    }

    /// In English.
    #[must_use]
    pub fn en(self) -> &'static str {
        match self {
            Self::ReadOnly => "it is read only, say SELECT or SHOW",
            Self::Shows => {
                "say SHOW MEASUREMENTS, TAG KEYS, TAG VALUES, FIELD KEYS, SERIES, DATABASES or RETENTION POLICIES"
            }
            Self::Functions => {
                "there are count, sum, mean, median, mode, min, max, first, last, spread, stddev, percentile, top, bottom, integral, distinct, derivative, difference, cumulative_sum, moving_average, elapsed"
            }
            Self::FieldNames => "name the fields, or say *",
            Self::NotMixed => "ask for functions and for plain fields in two queries",
            Self::OneSelector => "beside plain fields there can be one selector",
            Self::Alone => "ask for it alone",
            Self::AField => "each column needs a field",
            Self::AnAggregate => {
                "put the field into a function like mean(), or leave GROUP BY time()"
            }
            Self::AggregateInside => "aggregate first: derivative(mean(\"f\"))",
            Self::Interval => "add GROUP BY time()",
            Self::OneInterval => "say time() once",
            Self::ByTime => "say ORDER BY time",
            Self::TimeBounds => "compare time by <, <=, >, >= or =, joined by AND",
            Self::Comparison => "write a comparison, like \"online\" = true",
            Self::TagsOnly => "this WHERE knows only tags, like \"zone\" = 'roof'",
            Self::Arithmetic => "there are + - * / %",
            Self::SameOrder => "a subquery has the order of the query around it",
            Self::GroupByTag => "use GROUP BY for the tag",
        }
    }
}
