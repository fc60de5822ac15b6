// The answer to a handshake's key (RFC 6455 4.2.2): base64 of SHA-1.
#pragma once
#include <stddef.h>

enum { ACCEPT_LENGTH = 28 };

/** Writes the answer to this key, with a zero behind it. */
void accept_key(const char *key, size_t length, char answer[ACCEPT_LENGTH + 1]);
