//! Tests of the virtual hall, with readers of their own: what is encoded here is decoded by other
//! code than the gateway's, so that one mistake cannot hide the other.

mod broker;
mod chronicle;
mod habits;
mod hall;
mod image;
mod kiosk;
mod modbus;
mod plant;
mod replay;
mod rtu;
