//! What a store says when it does not do what it was asked to.

/// An answer that is no success.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The word for it, of S3; none if the answer is not in its words.
    pub(super) code: Option<String>,
    /// The sentence for it.
    pub(super) message: Option<String>,
    /// The region that the bucket is in, if it says so.
    pub(super) region: Option<String>,
}

impl Answer {
    /// From the body of an answer, and the region in its head.
    pub(super) fn read(status: u16, body: &[u8], region: Option<String>) -> Self {
        let body = String::from_utf8_lossy(body);
        let is_error = body.contains("<Error>") || body.contains("<Error ");
        let part = |name| element(&body, name).filter(|_| is_error);
        let (code, region) = (part("Code"), part("Region").or(region));
        let code =
            code.or_else(|| region.is_some().then(|| "PermanentRedirect".into()).filter(|_| status < 400));
        Self { status, code, message: part("Message"), region }
    }

    /// From a text that has one, as [`Answer::to_xml`] writes it.
    pub(super) fn find(text: &str) -> Option<Self> {
        // One of several objects that were to be deleted at once.
        if let Some((_, code)) =
            text.split_once("request failed for key").and_then(|(_, rest)| rest.split_once("(code: "))
        {
            let code = code.split(')').next().unwrap_or_default().to_owned();
            return Some(Self {
                status: if code == "AccessDenied" { 403 } else { 400 },
                code: Some(code),
                ..Self::default()
            });
        }
        let (_, rest) = text.split_once("Server returned ")?;
        let (_, rest) = rest.split_once("status code: ").unwrap_or(("", rest));
        let status: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Self::read(status.parse().unwrap_or_default(), rest.as_bytes(), None))
    }

    /// Whether the store asks to be asked less often.
    pub(super) fn asks_for_less(&self) -> bool {
        self.status == 429
            || (self.status == 503 && matches!(self.code.as_deref(), Some("SlowDown" | "TooManyRequests")))
    }

    /// The words that are kept. What else a store says repeats the request, with what may be a secret in it.
    pub(super) fn to_xml(&self) -> String {
        let part = |name: &str, text: &Option<String>| {
            text.as_ref().map_or_else(String::new, |text| format!("<{name}>{}</{name}>", escaped(text)))
        };
        let parts = [("Code", &self.code), ("Message", &self.message), ("Region", &self.region)];
        let parts: String = parts.into_iter().map(|(name, text)| part(name, text)).collect();
        if parts.is_empty() { parts } else { format!("<Error>{parts}</Error>") }
    }
}

/// The text of an element that has no others in it.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    let plain = plain.replace("&#39;", "'").replace("&#34;", "\"").replace("&amp;", "&");
    Some(plain.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The names of buckets in a list of them.
pub(super) fn buckets(xml: &str) -> Vec<String> {
    xml.split("<Bucket>").skip(1).filter_map(|bucket| element(bucket, "Name")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_and_secrets_are_not() {
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>It&#39;s &lt;wrong&gt;</Message>\
                    <CanonicalRequest>x-amz-security-token:hush</CanonicalRequest></Error>";
        let answer = Answer::read(403, body.as_bytes(), None);
        assert_eq!(answer.code.as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(answer.message.as_deref(), Some("It's <wrong>"));
        assert!(!answer.to_xml().contains("hush"));
        let told = format!("… Server returned non-2xx status code: 403 Forbidden: {}", answer.to_xml());
        assert_eq!(Answer::find(&told), Some(answer));
    }

    #[test]
    fn what_is_no_answer_of_s3_has_no_word() {
        for body in ["", "<html><Code>x</Code></html>", "\u{0}", "<Error><Code></Code></Error>"] {
            let answer = Answer::read(404, body.as_bytes(), None);
            assert_eq!(answer, Answer { status: 404, ..Answer::default() }, "{body}");
            assert_eq!(answer.to_xml(), "");
        }
        assert_eq!(Answer::find("error sending request"), None);
        let one = "DeleteObjects request failed for key a(b): Access Denied. (code: AccessDenied)";
        assert_eq!(Answer::find(one).unwrap().code.as_deref(), Some("AccessDenied"));
        assert_eq!(Answer::find("Server returned non-2xx status code: 500 …: ").unwrap().status, 500);
    }

    #[test]
    fn a_redirection_names_the_region() {
        let moved = Answer::read(301, b"", Some("eu-west-1".into()));
        assert_eq!(
            (moved.code.as_deref(), moved.region.as_deref()),
            (Some("PermanentRedirect"), Some("eu-west-1"))
        );
        let forbidden = Answer::read(403, b"", Some("eu-west-1".into()));
        assert_eq!(forbidden.code, None);
    }

    #[test]
    fn only_a_request_for_less_is_one() {
        let asks = |status, code: &str| {
            Answer::read(status, format!("<Error><Code>{code}</Code></Error>").as_bytes(), None)
                .asks_for_less()
        };
        assert!(
            asks(503, "SlowDown")
                && asks(429, "x")
                && !asks(503, "ServiceUnavailable")
                && !asks(500, "SlowDown")
        );
    }

    #[test]
    fn buckets_are_found_by_their_names() {
        let xml = "<Owner><Name>me</Name></Owner><Buckets><Bucket><Name>a</Name></Bucket><Bucket><CreationDate/><Name>b-1</Name></Bucket></Buckets>";
        assert_eq!(buckets(xml), ["a", "b-1"]);
        assert!(buckets("<html>").is_empty());
    }
}
