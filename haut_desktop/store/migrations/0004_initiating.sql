-- What a start finds being initiated is begun anew: found without going through all batches.
CREATE INDEX batch_initiating ON batch (state) WHERE state = 'INITIATING';
