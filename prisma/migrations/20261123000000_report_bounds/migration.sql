-- Where a report ends, so that it ends, and how long it became, so that a list need not read what is in it.
ALTER TABLE "reports" ADD COLUMN "last_order" UUID;
ALTER TABLE "reports" ADD COLUMN "row_count" INTEGER;
