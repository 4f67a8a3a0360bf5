//! Makes the database or the bucket when it is missing and that is allowed.
//!
//! Version 2 goes through the `influxdb2` crate. It panics on an address that cannot be read,
//! drops the path of a proxy, knows no https as built here and no time limits; so it gets
//! checked addresses only, under a time limit, and where it cannot go a person is told.

use std::time::Duration;

use influxdb2::RequestError;
use influxdb2::api::buckets::ListBucketsRequest;
use influxdb2::api::organization::ListOrganizationRequest;
use influxdb2::models::PostBucketRequest;

use crate::model::Text;

use super::answer::{Answer, shorten};
use super::client::Client;
use super::config::{Config, Secret, Version};

/// Time for all questions of one set-up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the place for the lines could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unable {
    pub(super) text: Text,
    pub(super) detail: String,
}

/// Sees to it that the database or the bucket is there.
pub(super) async fn ensure(config: &Config, client: &Client) -> Result<(), Unable> {
    match &config.version {
        // It makes the database with the first line.
        Version::V3 { .. } => Ok(()),
        Version::V1 { database, .. } => match client.create_database(database).await {
            Answer::Done => Ok(()),
            other => Err(database_by_hand(database, other)),
        },
        Version::V2 { org, bucket, token } => {
            let work = ensure_bucket(config, org, bucket, token);
            tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
                Err(bucket_by_hand(org, bucket, "no answer in time".to_owned()))
            })
        }
    }
}

async fn ensure_bucket(
    config: &Config,
    org: &str,
    bucket: &str,
    token: &Secret,
) -> Result<(), Unable> {
    let by_hand = |detail: String| bucket_by_hand(org, bucket, detail);
    let base = config.base().map_err(|error| by_hand(error.to_string()))?;
    if base.scheme() != "http" || !matches!(base.path(), "" | "/") {
        return Err(by_hand("buckets are made over plain http without a path only".to_owned()));
    }
    let api = influxdb2::ClientBuilder::new(base.as_str(), org, token.reveal())
        .build()
        .map_err(|error| by_hand(error.to_string()))?;
    match api.health().await {
        Ok(health) => tracing::debug!(sink = %config.name, status = ?health.status,
            version = health.version.as_deref().unwrap_or("?"), "InfluxDB's health"),
        Err(error) => tracing::debug!(sink = %config.name, error = %words_of(&error),
            "InfluxDB does not tell its health"),
    }
    let failed = |error: RequestError| by_hand(words_of(&error));
    let wanted = ListBucketsRequest {
        name: Some(bucket.to_owned()),
        org: Some(org.to_owned()),
        ..ListBucketsRequest::default()
    };
    // A name that is not there is an empty list for some versions and a 404 for others.
    if let Ok(found) = api.list_buckets(Some(wanted)).await
        && found.buckets.iter().any(|found| found.name == bucket)
    {
        return Ok(());
    }
    let wanted = ListOrganizationRequest { org: Some(org.to_owned()), ..Default::default() };
    let orgs = api.list_organizations(wanted).await.map_err(failed)?.orgs;
    let org_id = orgs.into_iter().find(|found| found.name == org).and_then(|found| found.id);
    let org_id = org_id.ok_or_else(|| by_hand(format!("no organisation `{org}` to be seen")))?;
    let request = PostBucketRequest::new(org_id, bucket.to_owned());
    api.create_bucket(Some(request)).await.map_err(failed)?;
    tracing::info!(sink = %config.name, %bucket, "made the bucket");
    Ok(())
}

fn words_of(error: &RequestError) -> String {
    match error {
        RequestError::Http { status, text } => shorten(&format!("{} {text}", status.as_u16())),
        other => shorten(&other.to_string()),
    }
}

fn database_by_hand(database: &str, answer: Answer) -> Unable {
    let detail = match answer {
        Answer::Done => String::new(),
        Answer::Poison(poison) | Answer::TooLarge(poison) => poison.message,
        Answer::Refused { detail, .. }
        | Answer::Busy { detail, .. }
        | Answer::Failed { detail, .. } => detail,
    };
    let text = Text::new(
        "数据库 `{name}` 不存在，也无法自动建立：请管理员执行 `CREATE DATABASE`；数据都留着",
        "there is no database `{name}` and it could not be made: let an administrator run \
         `CREATE DATABASE`; everything is kept",
    );
    Unable { text: text.fill("name", &Text::same(database)), detail }
}

fn bucket_by_hand(org: &str, bucket: &str, detail: String) -> Unable {
    let text = Text::new(
        "组织 `{org}` 中没有存储桶 `{name}`，也无法自动建立：请在 InfluxDB 中建立，\
         并给令牌写权限；数据都留着",
        "organisation `{org}` has no bucket `{name}` and it could not be made: create it in \
         InfluxDB and let the token write to it; everything is kept",
    );
    let text = text.fill("org", &Text::same(org)).fill("name", &Text::same(bucket));
    Unable { text, detail }
}
