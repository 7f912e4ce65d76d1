-- Templates (src/communications/README.md). A version is never changed; a bundle may be deleted while nothing names it.

create table bundle (
  tenant_id uuid not null references tenant,
  bundle_id uuid not null,
  name text not null constraint bundle_name_given check (name <> ''),
  channel text not null constraint bundle_channel check (channel in ('email', 'sms', 'letter')),
  latest_version integer not null constraint bundle_has_version check (latest_version > 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, bundle_id),
  constraint bundle_name_key unique (tenant_id, name)
);

create table bundle_version (
  tenant_id uuid not null,
  bundle_id uuid not null,
  version integer not null constraint bundle_version_positive check (version > 0),
  fallback_language text not null,
  -- By language: what was given, and the HTML that its MJML was compiled to.
  languages jsonb not null constraint bundle_version_has_fallback check (languages ? fallback_language),
  created_at timestamptz not null,
  primary key (tenant_id, bundle_id, version),
  constraint bundle_version_bundle foreign key (tenant_id, bundle_id) references bundle on delete cascade
);
