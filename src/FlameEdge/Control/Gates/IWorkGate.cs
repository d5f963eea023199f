using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Something on a device that may hold work back: a limit, a window, a temperature, a budget. Asked before a worker starts and every few seconds while it runs.</summary>
public interface IWorkGate
{
    /// <summary>Null where the worker may run now.</summary>
    WorkHold? Judge(JobSpec job, WorkerPlan worker);
}

/// <summary>Why a worker may not run.</summary>
/// <param name="Reason">For people, with the limit and the figure.</param>
/// <param name="IsForGood">True where waiting does not help; false where it will pass by itself.</param>
public sealed record WorkHold(string Reason, bool IsForGood);
