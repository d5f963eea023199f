namespace FlameEdge.Agent;

/// <summary>What the process says when it ends; docs/exit-codes.md has a cause and a remedy for each.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The command line, the job file or the topology cannot work as written.</summary>
    public const int BadJob = 2;

    /// <summary>The broker cannot be reached, or was lost for too long.</summary>
    public const int BrokerUnreachable = 10;

    /// <summary>The embedded broker's port is taken.</summary>
    public const int PortInUse = 11;

    /// <summary>Another controller is in charge.</summary>
    public const int Superseded = 12;

    /// <summary>The job was given up by its own rules: no quorum.</summary>
    public const int JobFailed = 30;

    /// <summary>Data or a model file is missing, broken or does not fit.</summary>
    public const int BadData = 40;

    /// <summary>A peer this process cannot work without did not come in time.</summary>
    public const int TimedOut = 50;

    /// <summary>The state or output folder cannot be read or written.</summary>
    public const int BadState = 60;

    /// <summary>A fault of our own; the message asks for a report.</summary>
    public const int Internal = 70;

    /// <summary>Interrupted by the user.</summary>
    public const int Interrupted = 130;
}
