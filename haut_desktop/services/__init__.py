"""What the program does, in asyncio and without Qt: session, subjects, capture, delivery, results."""
