namespace FlameEdge.Diagnostics;

/// <summary>Root of the errors a user can cure; the message says what, where and what to do next.</summary>
public abstract class FlameEdgeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Fix the job: its topology, data or settings cannot work as written.</summary>
public sealed class TopologyException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Fix the data: a file is missing, broken or not what the job says it is.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Exchange compatible models: layout, operators or shapes do not fit.</summary>
public sealed class ModelMismatchException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Distrust the bytes: a payload is malformed, truncated or hostile.</summary>
public sealed class PayloadException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Wait or reconnect: a broker or a peer cannot be reached.</summary>
public sealed class ChannelException(string message, Exception? inner = null) : FlameEdgeException(message, inner)
{
    /// <summary>What failed, for who must tell the cases apart: an exit code, a retry.</summary>
    public ChannelFault Fault { get; init; }
}

/// <summary>What a <see cref="ChannelException"/> is about.</summary>
public enum ChannelFault
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>The broker did not answer, or refused this client.</summary>
    BrokerUnreachable,

    /// <summary>The embedded broker's port is taken by another program.</summary>
    PortInUse,

    /// <summary>The peer is not there, has left, or runs anew.</summary>
    PeerLeft,

    /// <summary>The peer is there and did not take the message in time.</summary>
    TimedOut,

    /// <summary>The peer will never take this message: it exceeds its bounds or arrives broken again and again.</summary>
    Refused,

    /// <summary>A newer run of this worker has taken its place.</summary>
    Fenced,
}

/// <summary>Give it room: the state folder cannot be read or written.</summary>
public sealed class StateException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>The job was given up by its own rules: no quorum, or nobody there in time.</summary>
public sealed class JobFailedException(string message, Exception? inner = null) : FlameEdgeException(message, inner)
{
    /// <summary>True where somebody this worker cannot work without did not come in time.</summary>
    public bool IsTimeout { get; init; }
}
