"""The wires: IMAP, SMTP, and their twins in memory. The only place that knows imapclient and aiosmtplib."""
