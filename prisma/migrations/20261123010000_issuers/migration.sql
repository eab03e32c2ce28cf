-- Who put the key into the world: whoever made it for somebody else, or made the key that it was made with.
ALTER TABLE "api_keys" ADD COLUMN "issued_by" UUID;
UPDATE "api_keys" SET "issued_by" = "created_by";
ALTER TABLE "api_keys" ALTER COLUMN "issued_by" SET NOT NULL;

-- Whose data an answer may hold, so that it can be erased with the person.
ALTER TABLE "idempotency_keys" ADD COLUMN "subject" TEXT;
CREATE INDEX "idempotency_keys_subject_idx" ON "idempotency_keys"("subject");
