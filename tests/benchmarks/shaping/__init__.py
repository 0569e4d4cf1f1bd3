"""A link between this computer's programs that is as slow and as far as a clinic's.

What is modelled: one rate per direction that all connections share, each in its turn (fair
queueing, as home and office routers do it); a router's queue of ``QUEUE_S``; half a round-trip time
on the way there and half on the way back, during which any number of bytes may be under way; one
round trip for opening a connection. What is not: lost packets, slow start, jitter. Whoever sends
sees bytes as sent when the computer's own socket buffers have taken them (a few MB here, as many as
a sender's kernel holds for a long real line).
"""
