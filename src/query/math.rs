//! Arithmetic as InfluxDB does it: a division by zero is 0, two integers divide to a float.

use super::ast::Operator;
use super::value::Value;

/// `left operator right`; none for yes and no.
pub(crate) fn binary(operator: Operator, left: Value, right: Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if operator != Operator::Divide => {
            integers(operator, left, right).map(Value::Integer)
        }
        (left, right) => floats(operator, left.number()?, right.number()?).map(Value::Float),
    }
}

fn integers(operator: Operator, left: i64, right: i64) -> Option<i64> {
    Some(match operator {
        Operator::Add => left.wrapping_add(right),
        Operator::Subtract => left.wrapping_sub(right),
        Operator::Multiply => left.wrapping_mul(right),
        Operator::Modulo if right == 0 => 0,
        Operator::Modulo => left.wrapping_rem(right),
        _ => return None,
    })
}

fn floats(operator: Operator, left: f64, right: f64) -> Option<f64> {
    Some(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right == 0.0 => 0.0,
        Operator::Divide => left / right,
        Operator::Modulo => left % right,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_influxdb_does_it() {
        let (two, zero, half) = (Value::Integer(2), Value::Integer(0), Value::Float(0.5));
        assert_eq!(binary(Operator::Divide, Value::Integer(1), two), Some(half));
        assert_eq!(binary(Operator::Divide, two, zero), Some(Value::Float(0.0)));
        assert_eq!(binary(Operator::Modulo, two, zero), Some(Value::Integer(0)));
        assert_eq!(binary(Operator::Add, two, half), Some(Value::Float(2.5)));
        assert_eq!(binary(Operator::Add, two, Value::Boolean(true)), None);
        assert_eq!(
            binary(Operator::Add, Value::Integer(i64::MAX), two),
            Some(Value::Integer(i64::MIN + 1))
        );
    }
}
