// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IReferralRewards} from "../../src/interfaces/IReferralRewards.sol";

/// @title Ownable token
contract OwnableToken is ERC20, Ownable {
    constructor(address owner) ERC20("Ownable", "OWN") Ownable(owner) {}

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}

/// @title Ownable token with two-step ownership
contract TwoStepToken is ERC20, Ownable2Step {
    constructor(address owner) ERC20("Two steps", "TWO") Ownable(owner) {}

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}

/// @title Token whose mint returns a bool and has no access control
contract BoolToken is ERC20("Bool", "BOOL") {
    bool public answer = true;

    function setAnswer(bool newAnswer) external {
        answer = newAnswer;
    }

    function mint(address to, uint256 amount) external returns (bool) {
        if (answer) _mint(to, amount);
        return answer;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return answer && super.transfer(to, amount);
    }
}

/// @title Token whose transfer returns nothing
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title Token whose mint answers with arbitrary bytes, or reverts with them
contract AnsweringToken is ERC20("Answering", "ANS") {
    bytes public answer;
    bool public reverts;

    function setAnswer(bytes calldata newAnswer) external {
        answer = newAnswer;
    }

    function setReverts(bool newReverts) external {
        reverts = newReverts;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
        bytes memory data = answer;
        bool failing = reverts;
        assembly {
            if failing { revert(add(data, 0x20), mload(data)) }
            return(add(data, 0x20), mload(data))
        }
    }
}

/// @title Token that accepts only calldata of exactly two arguments
contract StrictToken is ERC20("Strict", "STR") {
    error WrongLength(uint256 length);

    function mint(address to, uint256 amount) external {
        if (msg.data.length != 68) revert WrongLength(msg.data.length);
        _mint(to, amount);
    }
}

/// @title Token whose supply can become unreadable
contract UnreadableToken is ERC20("Unreadable", "UNR") {
    bool public unreadable;

    function setUnreadable() external {
        unreadable = true;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function totalSupply() public view override returns (uint256) {
        require(!unreadable);
        return super.totalSupply();
    }
}

/// @title Token each of whose mints differs from what it is asked for
contract UnsteadyToken is ERC20("Unsteady", "UNS") {
    int8[] public differences;
    uint256 public mints;

    function setDifferences(int8[4] calldata newDifferences) external {
        (differences, mints) = (newDifferences, 0);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, uint256(int256(amount) + differences[mints++]));
    }
}

/// @title Token that mints something else than it is asked for
contract InexactToken is ERC20("Inexact", "INX") {
    int256 public difference;

    function setDifference(int256 newDifference) external {
        difference = newDifference;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, uint256(int256(amount) + difference));
    }
}

/// @title Contract that accepts every call and does nothing; its supply never changes
contract FallbackToken {
    uint256 public totalSupply = 5 ether;

    fallback() external {}
}

/// @title Token whose supply wraps around, so that its contract cannot notice an overflowing sum
contract WrappingToken {
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        unchecked {
            totalSupply += amount;
            balanceOf[to] += amount;
        }
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        unchecked {
            balanceOf[msg.sender] -= amount;
            balanceOf[to] += amount;
        }
        return true;
    }
}

/// @title Token that credits more than is transferred
contract BonusToken is ERC20("Bonus", "BON") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _mint(to, amount / 100);
        return super.transfer(to, amount);
    }
}

/// @title Token with a transfer fee of 1%
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _burn(msg.sender, amount / 100);
        return super.transfer(to, amount - amount / 100);
    }
}

/// @title Token with a deny list, as large stablecoins have
contract BlocklistToken is ERC20("Blocklist", "BLK") {
    error Blocked(address wallet);

    mapping(address => bool) public blocked;

    function setBlocked(address wallet, bool isBlocked) external {
        blocked[wallet] = isBlocked;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, amount);
    }
}

/// @title Token that calls back into the rewards contract during a payment
/// @dev The tests grant it OPERATOR_ROLE, the worst case.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address public target;
    bytes[] public attacks;
    bool public succeeded;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// Calls made, in this order, during the next payment.
    function arm(address newTarget, bytes[] calldata newAttacks) external {
        target = newTarget;
        for (uint256 i = 0; i < newAttacks.length; ++i) {
            attacks.push(newAttacks[i]);
        }
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        bytes[] memory calls = attacks;
        delete attacks;
        for (uint256 i = 0; i < calls.length; ++i) {
            (succeeded, answer) = target.call(calls[i]);
        }
    }
}

/// @title Token that reads the contract's state during a payment
contract WatchingToken is ERC20("Watching", "EYE") {
    IReferralRewards public rewards;
    bytes32 public orderRef;
    bool public paidDuringCall;
    uint256 public remainingDuringCall;

    function watch(IReferralRewards newRewards, bytes32 newOrderRef) external {
        (rewards, orderRef) = (newRewards, newOrderRef);
    }

    function mint(address to, uint256 amount) external {
        paidDuringCall = rewards.paidOrders(orderRef);
        remainingDuringCall = rewards.remainingToday();
        _mint(to, amount);
    }
}
