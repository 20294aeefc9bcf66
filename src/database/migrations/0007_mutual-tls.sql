-- Up Migration
-- The certificate, and its key, by which an axis knows us when it asks for one over TLS.
alter table connection add column sealed_client_certificate bytea; -- envelope-encrypted; null: none is shown
