using FlameEdge.Agent.Configuration;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;

namespace FlameEdge.Agent.Serving;

/// <summary>What holds work back on this device: the owner's policy, then the limits as they are at present.</summary>
/// <param name="policy">What the device's owner allows.</param>
/// <param name="budget">The day's bytes; one count under all limits.</param>
/// <param name="sources">Where the gates look.</param>
/// <param name="time">The clock.</param>
internal sealed class AgentGates(AgentPolicy policy, ByteBudget budget, GateSources sources, TimeProvider time)
{
    private volatile IReadOnlyList<IWorkGate> present = [new PolicyGate(policy)];

    /// <summary>The gates now.</summary>
    public IReadOnlyList<IWorkGate> Present => present;

    /// <summary>Keeps to these limits from now on.</summary>
    public void Keep(AgentLimits limits) => present = [new PolicyGate(policy), .. WorkGates.Of(limits, budget, sources, time)];
}
