"""For clients of what speaks plain HTTP: a context for TLS is most of what it costs to make a client."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
