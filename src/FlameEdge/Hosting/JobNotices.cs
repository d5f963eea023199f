using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Channels;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Hosting;

/// <summary>Tells any MQTT client what the top aggregator knows: the job's summary, state and newest round, retained, and each round's verdicts as events.</summary>
public sealed class JobNotices : IJobObserver, IAsyncDisposable
{
    private const int ListedInRound = 20;
    private const int VerdictsPerEvent = 100;
    private readonly NoticeQueue queue;
    private readonly JobPlan plan;

    /// <param name="bulletin">Where it is said.</param>
    /// <param name="plan">The job.</param>
    /// <param name="agent">Who says it.</param>
    /// <param name="announcesSpec">False where a controller posts the job's summary.</param>
    /// <param name="announcesStart">False for a worker that tells only where the first of its equals is away.</param>
    public JobNotices(IBulletin bulletin, JobPlan plan, AgentId agent, bool announcesSpec = true, bool announcesStart = true)
    {
        this.plan = plan;
        queue = new NoticeQueue(bulletin, plan.Job.Name, agent);
        if (announcesSpec)
        {
            var spec = new SpecNotice(plan.Job.Name.Value, plan.Job.Title, plan.Job.Rounds.Count, plan.Workers.CountBy(worker => worker.Role.Value).ToDictionary());
            Post(BulletinKind.Spec, JsonSerializer.SerializeToUtf8Bytes(spec, NoticeJson.Default.SpecNotice));
        }

        if (announcesStart)
        {
            State(new StateNotice("running", 0, plan.Job.Rounds.Count, null, null));
        }
    }

    /// <inheritdoc/>
    public void Say(WorkerId worker, string line)
    {
        // Talk stays at the terminal.
    }

    /// <summary>The aggregator whose experiment is told of, where several run in this process; null tells of whoever ends a round.</summary>
    public WorkerId? Only { get; init; }

    /// <inheritdoc/>
    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        if (Only is { } only && worker != only)
        {
            return;
        }

        var others = round.Verdicts.Where(verdict => verdict.Verdict != Verdict.Counted).ToList();
        var notice = new RoundNotice(round.Round, plan.Job.Rounds.Count, round.Outcome, round.Accuracy, round.Loss, Math.Round(round.Seconds, 3), round.BytesUp, round.BytesDown,
            round.Verdicts.Count - others.Count, round.Verdicts.Count, [.. others.Take(ListedInRound).Select(verdict => new NotCounted(verdict.Worker, verdict.Verdict))]);
        Post(BulletinKind.Round, JsonSerializer.SerializeToUtf8Bytes(notice, NoticeJson.Default.RoundNotice));
        foreach (var page in round.Verdicts.Chunk(VerdictsPerEvent))
        {
            Post(BulletinKind.Event, JsonSerializer.SerializeToUtf8Bytes(new VerdictsEvent("verdicts", round.Round, page), NoticeJson.Default.VerdictsEvent));
        }

        State(new StateNotice("running", round.Round, plan.Job.Rounds.Count, null, null));
    }

    /// <inheritdoc/>
    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Too fine for a broker.
    }

    /// <inheritdoc/>
    public void JobEnded(WorkerId worker, JobEnd end)
    {
        if (Only is null || worker == Only)
        {
            State(new StateNotice(end.State, end.Rounds.Count, plan.Job.Rounds.Count, end.Run, end.Reason is { Length: > 500 } ? end.Reason[..500] : end.Reason));
        }
    }

    /// <summary>Sends what is still to be said, within a bound.</summary>
    public ValueTask DisposeAsync() => queue.DisposeAsync();

    private void State(StateNotice notice) => Post(BulletinKind.State, JsonSerializer.SerializeToUtf8Bytes(notice, NoticeJson.Default.StateNotice));

    private void Post(BulletinKind kind, byte[] json) => queue.Post(kind, json);
}

/// <summary>What a job is, in brief.</summary>
public sealed record SpecNotice(string Job, string Title, int Rounds, Dictionary<string, int> Workers);

/// <summary>How a job stands; <c>Run</c> is named when it is over.</summary>
public sealed record StateNotice(string State, int Round, int Rounds, string? Run, string? Reason);

/// <summary>A round in brief.</summary>
public sealed record RoundNotice(int Round, int Rounds, RoundOutcome Outcome, double? Accuracy, double? Loss, double Seconds, long BytesUp, long BytesDown, int Counted, int Workers, IReadOnlyList<NotCounted> NotCounted);

/// <summary>Who was not counted.</summary>
public sealed record NotCounted(string Worker, Verdict Verdict);

/// <summary>Verdicts of a round, a page of them.</summary>
public sealed record VerdictsEvent(string Event, int Round, IReadOnlyList<WorkerVerdict> Verdicts);

/// <summary>JSON of notices, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SpecNotice))]
[JsonSerializable(typeof(StateNotice))]
[JsonSerializable(typeof(RoundNotice))]
[JsonSerializable(typeof(VerdictsEvent))]
public sealed partial class NoticeJson : JsonSerializerContext;
