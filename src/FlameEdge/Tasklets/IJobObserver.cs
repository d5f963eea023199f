using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Tasklets;

/// <summary>Where roles tell people what happens: the terminal, the broker's topics, a test. Must not block and must not throw.</summary>
public interface IJobObserver
{
    /// <summary>A worker says one line that a person should see.</summary>
    void Say(WorkerId worker, string line);

    /// <summary>A round of the top aggregator is durable.</summary>
    void RoundEnded(WorkerId worker, RoundResult round);

    /// <summary>A round in progress: how many of the cohort are present, counted, expected.</summary>
    void RoundProgress(WorkerId worker, int round, int present, int counted, int expected);

    /// <summary>Something happened that people should be able to follow; by default nobody listens.</summary>
    void Happened(WorkerId worker, JobEvent happened)
    {
    }

    /// <summary>The job is over for a client that has a model of its own; by default nobody listens.</summary>
    void PersonalModelEnded(WorkerId worker, PersonalModel end)
    {
    }

    /// <summary>The job is over.</summary>
    void JobEnded(WorkerId worker, JobEnd end);
}
