// GridIdentity
