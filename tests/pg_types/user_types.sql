-- Types of a user's own, which the expressions of cases.txt are of. Made in the first schema of search_path.
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'very "happy", really', 'null');
CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
CREATE DOMAIN short_text AS varchar(10);
CREATE DOMAIN real_domain AS float4;
CREATE DOMAIN int_list AS int4[];
CREATE TYPE pair AS (number int4, label text);
CREATE TYPE nested AS (pair pair, numbers int4[], range int4range, mood mood, pairs pair[]);
ALTER TYPE nested ADD ATTRIBUTE gone int4;
ALTER TYPE nested DROP ATTRIBUTE gone;
CREATE TYPE one_text AS (sole text);
CREATE TYPE no_field AS ();
CREATE TYPE has_opaque AS (price money, markup xml);
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
