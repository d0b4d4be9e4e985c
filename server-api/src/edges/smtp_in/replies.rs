//! Every reply, with its enhanced status code (RFC 2034, RFC 3463). None repeats what the client said, and none
//! tells more of who is here than mail needs.

use smtp_proto::Error;

/// A reply of one line, without its CRLF.
pub(super) type Reply = &'static str;

pub(super) const BYE: Reply = "221 2.0.0 Goodbye";
pub(super) const OK: Reply = "250 2.0.0 OK";
pub(super) const SENDER_OK: Reply = "250 2.1.0 OK";
pub(super) const RECIPIENT_OK: Reply = "250 2.1.5 OK";
pub(super) const CHUNK_OK: Reply = "250 2.0.0 OK, go on";
pub(super) const ACCEPTED: Reply = "250 2.0.0 Sealed and stored";
pub(super) const CANNOT_VERIFY: Reply = "252 2.1.5 Send mail, and see";
pub(super) const HELP: Reply = "214 2.0.0 See RFC 5321";
pub(super) const GO_TLS: Reply = "220 2.0.0 Begin TLS";
pub(super) const GO_DATA: Reply = "354 End with CRLF . CRLF";

pub(super) const STOPPING: Reply = "421 4.3.2 The server is stopping; come back later";
pub(super) const TIMED_OUT: Reply = "421 4.4.2 Silent for too long; goodbye";
pub(super) const TOO_MANY_CONNECTIONS: Reply = "421 4.7.0 Too many connections; come back later";
pub(super) const TOO_MANY_ERRORS: Reply = "421 4.7.0 Too many errors; goodbye";
pub(super) const TOO_MANY_GUESSES: Reply = "421 4.7.1 Too many unknown recipients; come back later";
pub(super) const TOO_MANY_MESSAGES: Reply = "421 4.7.0 Enough for one connection; open another";
pub(super) const BLOCKED: Reply = "554 5.7.1 No mail is taken from your network";

pub(super) const NOT_NOW: Reply = "451 4.3.0 The server cannot store it now; try again later";
pub(super) const NO_MEMORY: Reply = "452 4.3.1 The server is short of memory; try again later";
pub(super) const DISK_FULL: Reply = "452 4.3.1 The server's disk is full; try again later";
pub(super) const MAILBOX_FULL: Reply = "452 4.2.2 The mailbox is full; try again later";
pub(super) const TOO_MANY_RECIPIENTS: Reply =
    "452 4.5.3 Too many recipients; send the message again to the others";
pub(super) const CANNOT_SEAL: Reply =
    "451 4.7.5 The recipient's certificate cannot be used at the moment; try again later";

pub(super) const LINE_TOO_LONG: Reply = "500 5.5.2 The line is too long";
pub(super) const LINE_BROKEN: Reply = "500 5.5.2 A line ends with CRLF and holds no other CR, LF or NUL";
pub(super) const UNKNOWN_COMMAND: Reply = "500 5.5.1 There is no such command";
pub(super) const SYNTAX: Reply = "501 5.5.2 The command is not of the form that RFC 5321 asks for";
pub(super) const BAD_PARAMETER: Reply = "501 5.5.4 A parameter has a value it cannot have";
pub(super) const UNKNOWN_PARAMETER: Reply = "555 5.5.4 A parameter was not offered";
pub(super) const NOT_OFFERED: Reply = "502 5.5.1 This command is not offered";
pub(super) const GREET_FIRST: Reply = "503 5.5.1 Say EHLO first";
pub(super) const SENDER_FIRST: Reply = "503 5.5.1 Say MAIL first";
pub(super) const SENDER_TWICE: Reply = "503 5.5.1 There is a sender already; say RSET to begin anew";
pub(super) const RECIPIENT_FIRST: Reply = "503 5.5.1 There is no recipient yet";
pub(super) const CHUNKS_BEGUN: Reply =
    "503 5.5.1 The message was begun with BDAT; go on with it, or say RSET";
pub(super) const TLS_ALREADY: Reply = "503 5.5.1 TLS is there already";
pub(super) const TOO_EAGER: Reply = "503 5.5.1 Wait for the reply before you send more; goodbye";

pub(super) const BAD_SENDER: Reply = "553 5.1.7 The sender's address is not of the form name@domain";
pub(super) const BAD_RECIPIENT: Reply = "553 5.1.3 The recipient's address is not of the form name@domain";
pub(super) const NEEDS_SMTPUTF8: Reply = "553 5.6.7 The address needs the parameter SMTPUTF8";
pub(super) const NO_SUCH_MAILBOX: Reply = "550 5.1.1 There is no such mailbox here";
pub(super) const NO_RELAY: Reply = "550 5.7.1 Mail for that domain is not taken here";
pub(super) const SENDER_BLOCKED: Reply = "550 5.7.1 No mail is taken from this sender";
pub(super) const TOO_LARGE: Reply = "552 5.3.4 The message is larger than the server takes";
pub(super) const BARE_LINE_END: Reply =
    "550 5.6.11 A line of the message ends with a bare CR or LF; only CRLF ends lines";
pub(super) const HOLDS_NUL: Reply = "550 5.6.0 The message holds a NUL";
pub(super) const LOOP: Reply = "554 5.4.6 The message goes in circles: it has passed too many servers";
pub(super) const BAD_HEADER: Reply = "554 5.6.0 The header of the message cannot be read";

/// The reply to a line that is no command. Nothing for a line that is not whole, which cannot happen here.
pub(super) fn refusal(error: &Error) -> Reply {
    match error {
        Error::UnknownCommand => UNKNOWN_COMMAND,
        Error::InvalidSenderAddress => BAD_SENDER,
        Error::InvalidRecipientAddress => BAD_RECIPIENT,
        Error::InvalidParameter { .. } => BAD_PARAMETER,
        Error::UnsupportedParameter { .. } => UNKNOWN_PARAMETER,
        _ => SYNTAX,
    }
}
