CREATE TYPE "ApprovalStatus" AS ENUM ('pending', 'approved', 'denied', 'cancelled', 'used');
CREATE TYPE "ChannelKind" AS ENUM ('inbox', 'slack', 'webhook');
CREATE TYPE "DeliveryStatus" AS ENUM ('queued', 'sending', 'delivered', 'failed', 'unknown');
CREATE TYPE "ReportStatus" AS ENUM ('queued', 'running', 'done', 'failed', 'cancelled');

ALTER TABLE "orders" ADD COLUMN "refunded_amount" BIGINT NOT NULL DEFAULT 0;
-- The last line of defence: never more goes back than was paid.
ALTER TABLE "orders" ADD CONSTRAINT "orders_refunded_amount_check"
    CHECK ("refunded_amount" >= 0 AND "refunded_amount" <= "total_amount");

CREATE TABLE "refunds" (
    "order_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "amount" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "user_id" UUID NOT NULL,
    "agent_id" TEXT,
    CONSTRAINT "refunds_pkey" PRIMARY KEY ("order_id", "position"),
    CONSTRAINT "refunds_amount_check" CHECK ("amount" > 0),
    CONSTRAINT "refunds_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "idempotency_keys" (
    "caller" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "digest" BYTEA NOT NULL,
    "status" INTEGER,
    "location" TEXT,
    "answer" BYTEA,
    "approval_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("caller", "key")
);
CREATE INDEX "idempotency_keys_expires_at_idx" ON "idempotency_keys"("expires_at");

CREATE TABLE "approvals" (
    "id" UUID NOT NULL,
    "status" "ApprovalStatus" NOT NULL DEFAULT 'pending',
    "operation_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "risk" TEXT NOT NULL,
    "reasons" TEXT[],
    "user_id" UUID NOT NULL,
    "agent_id" TEXT,
    "resource_type" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "digest" BYTEA NOT NULL,
    "request" TEXT NOT NULL,
    "effect" TEXT NOT NULL,
    "note" TEXT,
    "decided_by" UUID,
    "decided_at" TIMESTAMPTZ(3),
    "used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "approvals_pkey" PRIMARY KEY ("id"),
    -- Nobody consents to what they asked for themselves.
    CONSTRAINT "approvals_decided_by_check" CHECK ("status" = 'cancelled' OR "decided_by" <> "user_id"),
    CONSTRAINT "approvals_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "approvals_user_id_id_idx" ON "approvals"("user_id", "id");
CREATE INDEX "approvals_status_id_idx" ON "approvals"("status", "id");
CREATE INDEX "approvals_digest_idx" ON "approvals"("digest");

CREATE TABLE "audit_entries" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT NOT NULL,
    "code" TEXT,
    "status" INTEGER NOT NULL,
    "operation_id" TEXT,
    "action" TEXT,
    "tool" TEXT,
    "user_id" UUID,
    "agent_id" TEXT,
    "credential_id" TEXT,
    "resource_type" TEXT,
    "resource_id" TEXT,
    "parameters_digest" TEXT,
    "policy_hash" TEXT NOT NULL,
    "approval_id" UUID,
    "request_id" TEXT NOT NULL,
    "trace_id" TEXT,
    "address_digest" TEXT,
    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "audit_entries_user_id_id_idx" ON "audit_entries"("user_id", "id");
CREATE INDEX "audit_entries_resource_id_id_idx" ON "audit_entries"("resource_id", "id");

CREATE TABLE "audit_pending" (
    "entry_id" UUID NOT NULL,
    CONSTRAINT "audit_pending_pkey" PRIMARY KEY ("entry_id")
);

CREATE TABLE "audit_links" (
    "position" BIGINT NOT NULL,
    "entry_id" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    CONSTRAINT "audit_links_pkey" PRIMARY KEY ("position")
);
CREATE UNIQUE INDEX "audit_links_entry_id_key" ON "audit_links"("entry_id");

CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entries"
    FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "audit_links_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_links"
    FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

CREATE TABLE "channels" (
    "id" TEXT NOT NULL,
    "kind" "ChannelKind" NOT NULL,
    "name" TEXT NOT NULL,
    "team" BOOLEAN NOT NULL,
    "target" TEXT,
    "secrets" BYTEA[],
    "rotated_at" TIMESTAMPTZ(3),
    "disabled_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "channels_pkey" PRIMARY KEY ("id")
);
-- Two channels are always there: what the service tells of itself, and a first one for people to write to.
INSERT INTO "channels" ("id", "kind", "name", "team", "secrets", "created_at", "updated_at") VALUES
    ('events', 'inbox', 'Events of the service', true, '{}', now(), now()),
    ('team', 'inbox', 'The team', true, '{}', now(), now());

CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "event" TEXT,
    "channel_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "about_type" TEXT,
    "about_id" TEXT,
    "user_id" UUID NOT NULL,
    "agent_id" TEXT,
    "status" "DeliveryStatus" NOT NULL DEFAULT 'queued',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "uncertain" BOOLEAN NOT NULL DEFAULT false,
    "dead" BOOLEAN NOT NULL DEFAULT false,
    "next_attempt_at" TIMESTAMPTZ(3),
    "error" TEXT,
    "receipt" TEXT,
    "delivered_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "messages_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "messages_channel_id_fkey" FOREIGN KEY ("channel_id") REFERENCES "channels"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "messages_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "messages_user_id_id_idx" ON "messages"("user_id", "id");
CREATE INDEX "messages_dead_id_idx" ON "messages"("dead", "id");

CREATE TABLE "reports" (
    "id" UUID NOT NULL,
    "status" "ReportStatus" NOT NULL DEFAULT 'queued',
    "group_by" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3) NOT NULL,
    "user_id" UUID NOT NULL,
    "agent_id" TEXT,
    "done" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL DEFAULT 0,
    "cursor" UUID,
    "result" TEXT,
    "error" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "reports_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "reports_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "reports_user_id_id_idx" ON "reports"("user_id", "id");
