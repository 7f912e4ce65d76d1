-- What callers upload (src/files/README.md). The bytes are on a disk or in S3, under the hash of themselves.

-- A blob that is stored or about to be: announced before its bytes come, so that none is ever forgotten.
create table file_blob (
  tenant_id uuid not null references tenant,
  sha256 text not null constraint file_blob_hash check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes integer not null constraint file_blob_not_empty check (size_bytes > 0),
  -- Until then an upload may be about to name it; null once a file does.
  needed_until timestamptz,
  primary key (tenant_id, sha256)
);
create index file_blob_unnamed on file_blob (tenant_id, needed_until) where needed_until is not null;

create table file (
  tenant_id uuid not null,
  file_id uuid not null,
  account_id uuid not null,
  claim_id uuid,
  product_reference text,
  document_type text,
  name text not null constraint file_name_given check (name <> ''),
  content_type text not null,
  sha256 text not null,
  size_bytes integer not null,
  uploaded_at timestamptz not null,
  primary key (tenant_id, file_id),
  constraint file_account foreign key (tenant_id, account_id) references account,
  constraint file_claim foreign key (tenant_id, claim_id) references claim,
  constraint file_product foreign key (tenant_id, account_id, product_reference) references product,
  constraint file_blob_of foreign key (tenant_id, sha256) references file_blob,
  -- D-99
  constraint file_of_claim_or_product check (num_nonnulls(claim_id, product_reference) = 1)
);
create index file_by_account on file (tenant_id, account_id, file_id);
create index file_by_claim on file (tenant_id, claim_id) where claim_id is not null;
create index file_by_blob on file (tenant_id, sha256);
