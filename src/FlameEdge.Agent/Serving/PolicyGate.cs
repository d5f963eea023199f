using FlameEdge.Control.Gates;
using FlameEdge.Agent.Configuration;
using FlameEdge.Hosting;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Serving;

/// <summary>Holds back, for good, jobs and programs the device's owner does not allow.</summary>
internal sealed class PolicyGate(AgentPolicy policy) : IWorkGate
{
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var program = job.Graph.Roles.First(role => role.Name == worker.Role).Program;
        return !AgentPolicy.Allows(policy.Jobs, job.Name.Value) ? new WorkHold($"the device's policy does not allow the job '{job.Name}'", IsForGood: true)
            : !AgentPolicy.Allows(policy.Programs, program) ? new WorkHold($"the device's policy does not allow the program '{program}'", IsForGood: true)
            : null;
    }
}
