using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Hosting;

/// <summary>Several observers as one, told in order.</summary>
public sealed class ObserverGroup(params IReadOnlyList<IJobObserver> observers) : IJobObserver
{
    /// <inheritdoc/>
    public void Say(WorkerId worker, string line) => Each(observer => observer.Say(worker, line));

    /// <inheritdoc/>
    public void RoundEnded(WorkerId worker, RoundResult round) => Each(observer => observer.RoundEnded(worker, round));

    /// <inheritdoc/>
    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected) => Each(observer => observer.RoundProgress(worker, round, present, counted, expected));

    /// <inheritdoc/>
    public void Happened(WorkerId worker, JobEvent happened) => Each(observer => observer.Happened(worker, happened));

    /// <inheritdoc/>
    public void PersonalModelEnded(WorkerId worker, PersonalModel end) => Each(observer => observer.PersonalModelEnded(worker, end));

    /// <inheritdoc/>
    public void JobEnded(WorkerId worker, JobEnd end) => Each(observer => observer.JobEnded(worker, end));

    private void Each(Action<IJobObserver> tell)
    {
        foreach (var observer in observers)
        {
            tell(observer);
        }
    }
}
