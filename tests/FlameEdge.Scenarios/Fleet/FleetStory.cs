using System.Globalization;
using System.Text;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>What a plain client heard of a fleet, as people read it: without the channels models travel on.</summary>
internal sealed class FleetStory(IReadOnlyList<HeardMessage> messages)
{
    private const int LongestPayload = 160;

    // Heartbeats and presence repeat: so many lines of a topic say enough.
    private const int MostOfATopic = 6;

    public static FleetStory Of(IEnumerable<HeardMessage> heard) => new([.. heard.Where(message =>
        !message.Topic.StartsWith("flameedge/data/", StringComparison.Ordinal) && message.Text.StartsWith('{') && !message.Topic.Contains("/theirs/", StringComparison.Ordinal))]);

    /// <summary>Demands that these were heard, each after the one before it.</summary>
    public void RequireOrder(params (string What, string Topic, string Text)[] parts)
    {
        var at = 0;
        foreach (var (what, topic, text) in parts)
        {
            while (at < messages.Count && !(messages[at].Topic.EndsWith(topic, StringComparison.Ordinal) && messages[at].Text.Contains(text, StringComparison.Ordinal)))
            {
                at++;
            }

            Assert.True(at++ < messages.Count, $"the story does not tell, in its place, that {what}: {topic} with {text}\n{ToMarkdown("unknown")}");
        }
    }

    /// <summary>The story as a page.</summary>
    /// <param name="commit">Which state of the program told it.</param>
    public string ToMarkdown(string commit)
    {
        var page = new StringBuilder();
        page.AppendLine(CultureInfo.InvariantCulture, $"""
            # What a fleet says

            Recorded on {TimeProvider.System.GetUtcNow():yyyy-MM-dd} at commit {commit} by `STORY_FILE=docs/fleet-story.md STORY_COMMIT=… dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -method '*reads_like_a_story'`.

            Five agents, a controller and an operator on mosquitto with mutual TLS and the rights of `flame-edge topology acl`. A plain MQTT client that may read everything is subscribed to `#`; what it
            hears is written down but for `data/…`, where models travel. First everybody comes to life (`alive`, `birth`, `state`). `{SecuredFleet.Fresh}` is fresh from its box: it learns from one retained
            message on `config` which data it has, and announces it. Then an operator submits a job (`desired`); the controller takes it, gives every worker a place (`event`, `task`), agents meet on the
            job's channels (`here`), rounds follow, and the job ends.

            Seconds since the observer came; `flameedge/` is left out, long payloads end in …, and after {MostOfATopic} messages of a topic (births, job notices and tasks excepted) the rest is left out.

            ```
            """);
        foreach (var message in Shown())
        {
            var text = message.Text.Length > LongestPayload ? message.Text[..LongestPayload] + "…" : message.Text;
            page.AppendLine(CultureInfo.InvariantCulture, $"{message.At.TotalSeconds,6:0.00}  {message.Topic["flameedge/".Length..]}  {text}");
        }

        return page.AppendLine("```").ToString();
    }

    private IEnumerable<HeardMessage> Shown()
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            var count = counts[message.Topic] = counts.GetValueOrDefault(message.Topic) + 1;
            if (count <= MostOfATopic || message.Topic.Split('/')[^1] is "birth" or "task" or "desired" || message.Topic.StartsWith("flameedge/job/", StringComparison.Ordinal))
            {
                yield return message;
            }
        }
    }
}
