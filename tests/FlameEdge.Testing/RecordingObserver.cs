using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Testing;

/// <summary>Keeps what workers tell, for a test to look at.</summary>
public sealed class RecordingObserver : IJobObserver
{
    private readonly Lock gate = new();
    private readonly List<RoundResult> rounds = [];
    private readonly Dictionary<string, PersonalModel> personal = [];
    private readonly List<(WorkerId Worker, JobEvent Event)> events = [];

    /// <summary>What roles told, in order.</summary>
    public IReadOnlyList<(WorkerId Worker, JobEvent Event)> Events
    {
        get
        {
            lock (gate)
            {
                return [.. events];
            }
        }
    }

    /// <summary>How the job ended; null while it has not.</summary>
    public JobEnd? End { get; private set; }

    /// <summary>Clients' own models, as they were told.</summary>
    public IReadOnlyDictionary<string, PersonalModel> Personal
    {
        get
        {
            lock (gate)
            {
                return new Dictionary<string, PersonalModel>(personal);
            }
        }
    }

    /// <summary>Runs when a round has ended, in the aggregator's thread.</summary>
    public Action<RoundResult>? OnRound { get; init; }

    /// <summary>Rounds that ended in this process, in order.</summary>
    public IReadOnlyList<RoundResult> Rounds
    {
        get
        {
            lock (gate)
            {
                return [.. rounds];
            }
        }
    }

    /// <inheritdoc/>
    public void Say(WorkerId worker, string line)
    {
        // Tests look at results, not at talk.
    }

    /// <inheritdoc/>
    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        lock (gate)
        {
            rounds.Add(round);
        }

        OnRound?.Invoke(round);
    }

    /// <inheritdoc/>
    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Progress is for people.
    }

    /// <inheritdoc/>
    public void Happened(WorkerId worker, JobEvent happened)
    {
        lock (gate)
        {
            events.Add((worker, happened));
        }
    }

    /// <inheritdoc/>
    public void PersonalModelEnded(WorkerId worker, PersonalModel end)
    {
        lock (gate)
        {
            personal[worker.Value] = end;
        }
    }

    /// <inheritdoc/>
    public void JobEnded(WorkerId worker, JobEnd end) => End = end;
}
